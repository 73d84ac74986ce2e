"""English text as it would be read aloud: words and punctuation only.

Figures, dates, money, addresses and abbreviations become words by rules of our own, in an order that
matters: an address first (its dots and slashes mean nothing else), money before plain numbers, capitals
last. A character of the private use area stands for something whose sound is fixed already (see
`fixed`); it passes through as if it were a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from synthesis.tts.text import abbreviations, addresses, codes, dates, numerals, quantities

FIRST_FIXED, LAST_FIXED = 0xE000, 0xF8FF
_QUOTES = str.maketrans({
    "’": "'", "‘": "'", "“": " ", "”": " ", "„": " ", "«": " ", "»": " ", '"': " ", "´": "'", "`": "'", "…": ".",
    "\u00ad": "", "\u200b": "", "\ufeff": "", "\u00a0": " ", "\u202f": " ", numerals.NAMED: "",
})  # fmt: skip
_BLANKS, _LINE_EDGE, _LINES = re.compile(r"[^\S\n]+"), re.compile(r" ?\n ?"), re.compile(r"\n{3,}")
_ENDLESS = re.compile(r"(\S{200})(?=\S)")  # no word is that long; cut, so that no rule below can take long
_DASH = re.compile(r"(?<!\d)\s+[-–—]+\s+|\s+[-–—]+\s+(?!\d)|\s*—\s*|--+")
_TALL = re.compile(r"(?<![\w.])(\d{1,2})['’′]\s?(\d{1,2})[\"”″]")
_DOT_NET = re.compile(r"(?<!\w)\.NET\b")
_SHARP = re.compile(r"\b([A-G])#(?!\w)")
_MANY = re.compile(r"([.!?])[.!?]*")
_BRACKET = re.compile(r"\s*[()\[\]{}]\s*")
_MARKS = re.compile(r"[,.;:!?](?:[ ]*[,.;:!?])+")
_SPACE_BEFORE = re.compile(r"\s+([,.;:!?])")
_SPACE_AFTER = re.compile(r"([,.;:!?])(?=[^\s,.;:!?])")
_NAMED_FIRST = re.compile(rf"(?<=\S){numerals.NAMED}")
_NAMED_LAST = re.compile(rf"({numerals.NAMED}[A-Z])(?=[A-Za-z])")
_HYPHEN = re.compile(r"(?<=[\w])-(?=[\w])")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_KINDS = frozenset("type grade plan vitamin class group option section level team hepatitis exhibit appendix".split())
_SPOKEN = re.compile(rf"[A-Za-z'\s,.;:!?{numerals.NAMED}{chr(FIRST_FIXED)}-{chr(LAST_FIXED)}]")
_DOT_INSIDE = re.compile(r"(?<=\w)\.(?=\w)")


def english(text: str, *, locale: str = "en-US", known: Callable[[str], bool]) -> str:
    """The text with nothing left that is not a word, an apostrophe or one of `, . ; : ! ?`.

    Args:
        locale: decides between month and day in "3/4/2026"; see `dates`.
        known: whether a lower-case word is in the dictionary.

    Returns:
        Lower case, but for single capitals that stand for letter names. Line breaks are kept.
    """
    text = addresses.spoken(_clean(text))
    text = _BRACKET.sub(", ", text)
    text = codes.spoken(dates.spoken(text, locale))
    text = codes.named(abbreviations.expanded(text))
    text = quantities.spoken(text)
    text = _DOT_INSIDE.sub(" dot ", text)
    text = abbreviations.acronyms(_CAMEL.sub(_split(text, known), text), known)
    text = _letters_only(abbreviations.signs(text))
    return _lowered(text)


def _clean(text: str) -> str:
    text = _TALL.sub(r"\1 foot \2", unicodedata.normalize("NFC", text)).translate(_QUOTES)
    text = _SHARP.sub(rf"{numerals.NAMED}\1 sharp", _DOT_NET.sub("dot net", text))
    text = _LINES.sub("\n\n", _LINE_EDGE.sub("\n", _BLANKS.sub(" ", text)))
    text = _ENDLESS.sub(r"\1 ", text)
    return _MANY.sub(r"\1", _DASH.sub(", ", dates.spans(text)))


def _split(text: str, known: Callable[[str], bool]) -> str:
    """What to put inside "OpenAir": a space, unless the text is of names such as "McDonald"."""
    camel = re.findall(r"\b[A-Za-z]*[a-z][A-Z][a-z][A-Za-z]*\b", text)
    return "" if all(known(word.lower()) for word in camel) else " "


def _letters_only(text: str) -> str:
    text = _HYPHEN.sub(" ", text)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    text = "".join(letter if _SPOKEN.match(letter) else " " for letter in plain)
    text = re.sub(r"[^\S\n]+", " ", re.sub(r"(?<![A-Za-z])'|'(?![A-Za-z])", " ", text))
    text = _MARKS.sub(lambda m: next((mark for mark in m[0] if mark in ".!?"), m[0][0]), text)
    return _SPACE_AFTER.sub(r"\1 ", _SPACE_BEFORE.sub(r"\1", text)).strip(" ,;:\n")


def _lowered(text: str) -> str:
    """Lower case for words; "A", "I" and what stood alone in capitals decide by their neighbours."""
    text = _NAMED_FIRST.sub(rf" {numerals.NAMED}", _NAMED_LAST.sub(r"\1 ", text))
    words = re.split(r"(\s+)", text)
    return "".join(_word(word, words, place) for place, word in enumerate(words))


def _word(word: str, words: list[str], place: int) -> str:
    bare = word.rstrip(",.;:!?")
    if word.startswith(numerals.NAMED):
        return word.replace(numerals.NAMED, "")
    if len(bare) != 1 or not bare.isupper():
        return word.lower()
    if bare == "I" and not _beside_letter(words, place):
        return word.lower()
    if word == "A" and not (_beside_letter(words, place) or _names_a_kind(words, place)):
        return "a"  # but "plan A," keeps the letter
    return word


def _names_a_kind(words: list[str], place: int) -> bool:
    """True for the letter in "type A", "A or B" and at the end of the text."""
    before = words[place - 2].lower() if place >= 2 else ""
    after = words[place + 2 : place + 5]
    choice = len(after) == 3 and after[0] in ("or", "and", "to", "versus") and len(after[2].rstrip(",.;:!?")) == 1
    return before in _KINDS or (place >= 2 and not after) or (choice and after[2][0].isupper())


def _beside_letter(words: list[str], place: int) -> bool:
    """True inside a row of letters, as the middle of "A B C" is."""
    before = words[place - 2] if place >= 2 else ""
    after = words[place + 2].rstrip(",.;:!?") if place + 2 < len(words) and words[place][-1].isupper() else ""
    return any(len(word) == 1 and word.isupper() and word not in "AI" for word in (before, after))
