"""Write a trained voice out as one zip that speaks elsewhere, marked with a key of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from synthesis.desk.marks import Marker
from synthesis.desk.permission import Permission, fits
from synthesis.engine import Engine
from synthesis.exports import bundle
from synthesis.exports.hearing import heard
from watermark.codec.portable import tables


def export(
    engine: Engine, voice: Path, to: Path, permission: Permission, marker: Marker, how: Mapping[str, str],
    progress: Callable[[float], None],
) -> str:
    """Write the bundle; a report for people comes back. The file appears whole or not at all.

    Args:
        voice: a file that `adapt` wrote; the card beside it goes with it.
        how: language, precision, and the path of the receipt (empty for research).

    Raises:
        NotPermitted, ResearchVoice, VoiceOfAnotherBase, NotPortable, MarkUnreadable.
    """
    stored = voice.read_bytes()
    fits(permission, engine.stamps(stored))
    state = engine.load_voice(stored, research=bool(permission.research))
    key = marker.leaving()
    progress(0.1)
    portable = engine.portable(state, tables(key), language=how["language"], precision=how["precision"])
    progress(0.6)
    p_value = heard(portable, key)
    parts = bundle.Parts(
        portable.model, portable.config, portable.tokens,
        {"base_sha256": engine.base_sha256, "language": how["language"], "precision": how["precision"],
         "mark": {"record": f"{key.record:012x}"}, "stamps": dict(permission.stamps), "measures": _card(voice)},
        _beside(voice, ".png"), json.loads(Path(how["receipt"]).read_text("utf-8")) if how["receipt"] else None,
    )  # fmt: skip
    part = to.with_name(f".{to.name}.part")
    part.write_bytes(bundle.write(parts))
    marker.note(key.record or 0, to, "", leaving=True)
    part.replace(to)
    progress(1.0)
    return f"{to}: {to.stat().st_size / 1e6:.0f} MB, its mark was heard in what it says (p = {p_value:.0e})"


def _beside(voice: Path, ending: str) -> bytes | None:
    file = voice.with_suffix(ending)
    return file.read_bytes() if file.exists() else None


def _card(voice: Path) -> dict[str, Any]:
    stored = _beside(voice, ".json")
    return {"card": json.loads(stored)} if stored else {}
