"""A caller's own pronunciations: "Nguyen" or "Consonant Ltd" said as they want it.

The longest written form wins. A form in lower case matches any casing; one with a capital matches only
as written, so "Polish" and "polish" can differ. Entries are checked before anything is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from synthesis.tts import symbols
from synthesis.tts.text.errors import LexiconRefused, UnknownSound

Lexicon = Mapping[str, str]  # written form -> phonemes in the voice's inventory
MAX_ENTRIES = 10_000
MAX_WRITTEN = 100
_WORDS = re.compile(r"\w+")
_PAUSES = frozenset(symbols.PAUSES) - {" "}


@lru_cache(maxsize=2 * MAX_ENTRIES)
def checked_phonemes(phonemes: str) -> str:
    """The phonemes without slashes and outer spaces, if a voice can say them.

    Raises:
        UnknownSound: a symbol outside the inventory, or nothing but marks and spaces.
    """
    inner = phonemes.strip().strip("/[]").strip()
    try:
        units = symbols.units(symbols.ids(inner))
    except symbols.UnknownSymbol as fault:
        raise UnknownSound(str(fault), symbol=fault.symbol, position=fault.position) from fault
    if all(unit.base in symbols.PAUSE_IDS for unit in units):
        raise UnknownSound(f"{phonemes!r} holds no sound", symbol="", position=0)
    for position, symbol in enumerate(inner):
        if symbol in _PAUSES:
            raise UnknownSound(f"{symbol!r} is no part of a word", symbol=symbol, position=position)
    return inner


def check(entries: Mapping[str, str]) -> None:
    """Refuse a lexicon that could not be used, before it is stored.

    Raises:
        LexiconRefused: too many entries, or one whose written form is empty or too long.
        UnknownSound: an entry whose phonemes no voice can say.
    """
    if len(entries) > MAX_ENTRIES:
        raise LexiconRefused(f"more than {MAX_ENTRIES} entries", entries=len(entries))
    for written, phonemes in entries.items():
        if not re.search(r"\w", written) or len(written) > MAX_WRITTEN:
            detail = f"a written form holds a letter and at most {MAX_WRITTEN} characters"
            raise LexiconRefused(detail, entry=written[:MAX_WRITTEN])
        try:
            checked_phonemes(phonemes)
        except UnknownSound as fault:
            raise UnknownSound(fault.detail, entry=written, **fault.facts) from fault


class Finder:
    """Finds the entries of one lexicon in text.

    Args:
        entries: written form to phonemes; checked here, so that no entry fails in the middle of a script.
    """

    def __init__(self, entries: Mapping[str, str]) -> None:
        check(entries)
        self._exact = {form: checked_phonemes(said) for form, said in entries.items() if form != form.lower()}
        self._any = {form: checked_phonemes(said) for form, said in entries.items() if form == form.lower()}
        self._forms = [(form, set(_WORDS.findall(form.lower()))) for form in sorted(entries, key=len, reverse=True)]

    def replaced(self, text: str, mark: Callable[[str, str], str]) -> str:
        """The text with every entry found in it replaced by `mark(written, phonemes)`."""
        present = set(_WORDS.findall(text.lower()))
        forms = [_form(form) for form, needed in self._forms if needed <= present]  # few of a large lexicon
        if not forms:
            return text
        return re.sub("|".join(forms), lambda match: mark(match[0], self._said(match[0])), text)

    def _said(self, written: str) -> str:
        form = re.sub(r"\s+", " ", written)
        return self._exact.get(form) or self._any[form.lower()]


def _form(form: str) -> str:
    spaced = r"\s+".join(re.escape(word) for word in form.split())
    folded = spaced if form != form.lower() else f"(?i:{spaced})"
    return rf"(?<!\w){folded}(?!\w)"
