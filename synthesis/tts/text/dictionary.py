"""The English dictionary: a word's phonemes, or None.

The file is unpacked once per process (about 5 MB of text) and searched as text: a dict of 125,000
entries would take ten times the memory for a lookup that is not the slow part.
"""

from __future__ import annotations

import lzma
from functools import cache, lru_cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "english.tsv.xz"


@cache
def _text() -> str:
    return "\n" + lzma.decompress(FILE.read_bytes()).decode()


@lru_cache(maxsize=20_000)
def look_up(word: str) -> str | None:
    """Phonemes of a lower-case word, without the bars between letters."""
    text = _text()
    start = text.find(f"\n{word}\t")
    if start < 0 or not word:
        return None
    begin = start + len(word) + 2
    return text[begin : text.index("\n", begin)].replace("|", "")


def entries() -> dict[str, list[str]]:
    """Every word with the phonemes of each of its letters; for training and tests."""
    rows = (line.partition("\t") for line in _text().splitlines() if line)
    return {word: phonemes.split("|") for word, _, phonemes in rows}
