"""The English dictionary: a word's phonemes, or None.

The file is unpacked once per process (about 5 MB of text, sorted by word) and searched as text by halving:
a dict of 125,000 entries would take ten times the memory and half a second to build.
"""

from __future__ import annotations

import lzma
from functools import cache, lru_cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "english.tsv.xz"


@cache
def _text() -> str:
    return lzma.decompress(FILE.read_bytes()).decode()


@lru_cache(maxsize=20_000)
def look_up(word: str) -> str | None:
    """Phonemes of a lower-case word, without the bars between letters."""
    text = _text()
    low, high = 0, len(text)
    while low < high:
        begin = text.rfind("\n", low, (low + high) // 2) + 1 or low
        end = text.index("\n", begin)
        found, _, phonemes = text[begin:end].partition("\t")
        if found == word:
            return phonemes.replace("|", "")
        low, high = (end + 1, high) if found < word else (low, begin)
    return None


def entries() -> dict[str, list[str]]:
    """Every word with the phonemes of each of its letters; for training and tests."""
    rows = (line.partition("\t") for line in _text().splitlines() if line)
    return {word: phonemes.split("|") for word, _, phonemes in rows}
