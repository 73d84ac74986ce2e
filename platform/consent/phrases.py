"""Challenge phrases: a sentence nobody could have recorded beforehand, easy to read aloud.

A sentence is drawn from word slots (``words/<locale>.toml``), every word with equal chance, so the
number of sentences is the product of the slots' sizes: at least 2**40 in every language. In a
demonstration the sentence comes from the list of its recordings instead, and `bits` says honestly
how few those are.

Pure: randomness is an argument. Whether a phrase was used is the database's business.
"""

from __future__ import annotations

import math
import re
import secrets
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from consent.errors import LocaleUnknown

LEAST_BITS = 40
_WORDS = Path(__file__).with_name("words")

Below = Callable[[int], int]  # a random whole number below its argument


@dataclass(frozen=True)
class Phrase:
    """What is to be read aloud.

    Attributes:
        text: as it is shown.
        locale: of the words.
        bits: log2 of how many phrases it was drawn from.
    """

    text: str
    locale: str
    bits: float


@dataclass(frozen=True)
class Slots:
    """A sentence with gaps and the words for each gap.

    Raises:
        ValueError: a gap without words, words twice in a slot, or fewer than LEAST_BITS in all. A
            word file is part of the program: this stops a release, not a request.
    """

    locale: str
    template: str
    slots: dict[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        gaps = re.findall(r"\{(\w+)\}", self.template)
        if sorted(gaps) != sorted(self.slots) or any(len(set(words)) < len(words) for words in self.slots.values()):
            raise ValueError(f"{self.locale}: gaps and slots differ, or a word stands twice in its slot")
        if self.bits < LEAST_BITS:
            raise ValueError(f"{self.locale}: {self.bits:.1f} bits are too few")

    @property
    def bits(self) -> float:
        """log2 of the number of sentences."""
        return sum(math.log2(len(words)) for words in self.slots.values())

    def draw(self, below: Below) -> Phrase:
        """One sentence, every choice with equal chance; it begins with a capital where there are any."""
        chosen = {name: words[below(len(words))] for name, words in self.slots.items()}
        text = self.template.format(**chosen)
        return Phrase(text[0].upper() + text[1:], self.locale, self.bits)


@cache
def locales() -> tuple[str, ...]:
    """The languages there are words for."""
    return tuple(sorted(path.stem for path in _WORDS.glob("*.toml")))


@cache
def slots_of(locale: str) -> Slots:
    """The sentence of a language.

    Raises:
        LocaleUnknown: there are no words for it.
    """
    if locale not in locales():
        raise LocaleUnknown(known=list(locales()))
    content = tomllib.loads((_WORDS / f"{locale}.toml").read_text(encoding="utf-8"))
    return Slots(content["locale"], content["template"], {name: tuple(w) for name, w in content["slots"].items()})


def draw(locale: str, below: Below = secrets.randbelow) -> Phrase:
    """A fresh phrase in `locale`.

    Raises:
        LocaleUnknown: there are no words for it.
    """
    return slots_of(locale).draw(below)


def draw_from(sentences: Sequence[str], locale: str, below: Below = secrets.randbelow) -> Phrase:
    """A phrase out of a demonstration's list, which has at least two sentences.

    Raises:
        ValueError: a list of fewer than two different sentences is no challenge.
    """
    different = sorted(set(sentences))
    if len(different) < 2:
        raise ValueError("a list to draw challenges from has at least two sentences")
    return Phrase(different[below(len(different))], locale, math.log2(len(different)))
