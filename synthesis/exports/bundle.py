"""What an owner carries away: one zip with the voice, what speaks it, and the papers that belong to it.

Pure: bytes and facts in, bytes out. Equal input gives equal bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = "consonant.voice-bank/1"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # zip has no time zone and no earlier year; a date would differ from run to run

LICENCE = """This file is a voice

It was made from the recordings of one person, with that person's consent; receipt.json says what was agreed, and
everybody can check its signature. The voice belongs to that person. They may copy this file and speak with it for as
long as they like, also after the platform that made it is gone.

Whoever holds it for them may use it only as the person wishes. Speaking as a living person without their will may
break the law where you are.

Everything that the file says carries an inaudible mark which names this export. The mark is part of the voice; take
it out, and you have no licence to the rest.

The network behind it is the base voice of Consonant, Apache License 2.0, with the credits that voice-card.json names.
"""

README = """How to let it speak

With Piper (https://github.com/OHF-Voice/piper1-gpl):

    pip install piper-tts
    python3 -m piper -m voice.onnx -f said.wav -- "Good morning, this is my voice."

With sherpa-onnx, in Python; the phonemes come from a program of your choice, as espeak IPA:

    config = sherpa_onnx.GenerationConfig()
    config.phoneme_codepoints = [[ord(letter) for letter in "həlˈoʊ."]]
    vits = sherpa_onnx.OfflineTtsVitsModelConfig(model="voice.onnx", tokens="tokens.txt")
    tts = sherpa_onnx.OfflineTts(sherpa_onnx.OfflineTtsConfig(model=sherpa_onnx.OfflineTtsModelConfig(vits=vits)))
    sound = tts.generate("", config)

With ONNX Runtime alone: inputs `input` (1, ids), `input_lengths` (1,), `scales` (3,), where the second scale is how
much slower to speak; output (1, 1, 1, samples) at 24 kHz.

voice-card.json and voice-card.png say how good the voice is and what would make it better.
"""


@dataclass(frozen=True)
class Parts:
    """What goes into a bundle.

    Args:
        model, config, tokens: as `tts.bank` makes them.
        card: measures of the version and what the file is; JSON values.
        picture: the card's PNG; None when there is none.
        receipt: the signed consent receipt; None only at the desk, for research.
    """

    model: bytes
    config: bytes
    tokens: bytes
    card: Mapping[str, Any]
    picture: bytes | None
    receipt: Mapping[str, Any] | None


def write(parts: Parts) -> bytes:
    """The zip."""
    files = {
        "README.txt": README.encode(),
        "LICENCE.txt": LICENCE.encode(),
        "voice.onnx": parts.model,
        "voice.onnx.json": parts.config,
        "tokens.txt": parts.tokens,
        "voice-card.json": _json({"format": FORMAT, **parts.card}),
    }
    if parts.picture is not None:
        files["voice-card.png"] = parts.picture
    if parts.receipt is not None:
        files["receipt.json"] = _json(parts.receipt)
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return stored.getvalue()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
