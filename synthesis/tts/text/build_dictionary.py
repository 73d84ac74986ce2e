"""Make `data/english.tsv.xz` from CMUdict: one command, no network.

    python -m synthesis.tts.text.build_dictionary cmudict.dict

Each line of the result is a word, a tab, and its phonemes with one field per letter between them
(joined by "|"), so that the same file teaches the spelling model. First pronunciations only.

Source: CMUdict (Carnegie Mellon University, BSD 2-clause; `data/CMUDICT-LICENSE`), the file
`cmudict.dict` of github.com/cmusphinx/cmudict.
"""

from __future__ import annotations

import lzma
import re
import sys
from pathlib import Path

from synthesis.tts.text import alignment, arpabet

OUT = Path(__file__).parent / "data" / "english.tsv.xz"
_WORD = re.compile(r"[a-z]+('[a-z]+)*'?")


def read(source: Path) -> dict[str, alignment.Phones]:
    """Words of letters and apostrophes with the phones of their first pronunciation."""
    found: dict[str, alignment.Phones] = {}
    for line in source.read_text(encoding="utf-8").splitlines():
        fields = line.split("#")[0].split()
        if fields and _WORD.fullmatch(fields[0]):
            found.setdefault(fields[0], tuple(fields[1:]))
    return found


def build(source: Path) -> list[str]:
    """The lines of the dictionary, sorted by word."""
    words = read(source)
    plain = {word: tuple(phone.rstrip("012") for phone in phones) for word, phones in words.items()}
    table = alignment.learn(plain)
    lines = []
    for word in sorted(words):
        pieces = alignment.align(word, plain[word], table)
        if pieces is not None:
            lines.append(f"{word}\t{'|'.join(arpabet.ipa(word, _with_stress(words[word], pieces)))}")
    return lines


def _with_stress(phones: alignment.Phones, pieces: list[alignment.Phones]) -> list[alignment.Phones]:
    left = iter(phones)
    return [tuple(next(left) for _ in piece) for piece in pieces]


def main(arguments: list[str]) -> None:
    """Read the file named on the command line and write the dictionary beside this module."""
    lines = build(Path(arguments[0]))
    text = "".join(f"{line}\n" for line in lines)
    OUT.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    sys.stdout.write(f"{len(lines)} words, {OUT.stat().st_size} bytes in {OUT}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
