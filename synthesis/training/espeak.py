"""Phonemes from espeak-ng, as a program of its own: `python -m synthesis.training.espeak VOICE`.

For the data pipeline, which starts it as a child process and talks lines of text. espeak-ng is
GPL-3, so it is loaded here and nowhere else, and the product runs without it. It expects text
that needs no normalising.
"""

import ctypes
import re
import subprocess
import sys
from collections.abc import Sequence

_PUNCTUATION = re.compile(r"([,.;:!?]+)")
_IPA, _UTF8 = 0x02, 1


def phonemise(texts: Sequence[str], voice: str) -> list[str]:
    """IPA of each text with its punctuation kept, made by a child process.

    Raises:
        subprocess.CalledProcessError: espeak-ng or its voice is missing.
    """
    child = subprocess.run(
        [sys.executable, "-m", "synthesis.training.espeak", voice],
        input="\n".join(text.replace("\n", " ") for text in texts), text=True, capture_output=True, check=True,
    )
    return child.stdout.removesuffix("\n").split("\n")


def _load(voice: str) -> ctypes.CDLL:
    import espeakng_loader  # only here: see above

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"espeak-ng has no voice {voice!r}")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return library


def _clause(library: ctypes.CDLL, text: str) -> str:
    place = ctypes.c_char_p(text.encode())
    parts = []
    while place.value:
        part = library.espeak_TextToPhonemes(ctypes.byref(place), _UTF8, _IPA)
        parts.append(re.sub(r"\(.*?\)", "", part.decode()).strip())  # (en) marks a change of language
    return " ".join(part for part in parts if part)


def _line(library: ctypes.CDLL, text: str) -> str:
    text = text.lower() if text.isupper() else text
    out = ""
    for piece in _PUNCTUATION.split(text.strip()):
        if _PUNCTUATION.fullmatch(piece):
            out += piece[0]
        elif piece.strip():
            out += (" " if out else "") + _clause(library, piece.strip())
    return out if out[-1:] in ",.;:!?" else out + "."


def main() -> None:
    """Lines of text in, lines of phonemes out."""
    library = _load(sys.argv[1])
    for line in sys.stdin:
        print(_line(library, line.rstrip("\n")))


if __name__ == "__main__":
    main()
