"""The readings of `<say-as>`: what a stretch of text is, when its looks do not tell."""

from __future__ import annotations

import re
from collections.abc import Callable

from synthesis.tts.text import addresses, dates, english, money, numerals, quantities
from synthesis.tts.text.fixed import Fixed

_SIGNS = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", "@": "at", "+": "plus", ",": "comma", "#": "hash",
          "*": "star", "&": "and", ":": "colon", "'": "apostrophe"}  # fmt: skip


def read(text: str, kind: str, form: str, fixed: Fixed) -> str:
    """The text in words, or a stand-in where letters are named.

    Args:
        kind: cardinal, ordinal, characters, spell-out, digits, date, time, telephone or currency.
        form: for dates: "mdy" (as is), "dmy" or "ymd".

    Raises:
        ValueError: another kind, or a text that is nothing of the kind; the message says what was expected.
    """
    stripped = text.strip()
    if kind in ("characters", "spell-out"):
        return _characters(stripped, fixed)
    if kind == "date":
        return _date(stripped, form)
    if kind not in _READINGS:
        raise ValueError(f"no reading {kind!r}; one of characters, date, {', '.join(_READINGS)}")
    pattern, reading = _READINGS[kind]
    if not re.fullmatch(pattern, stripped):
        raise ValueError(f"{stripped[:40]!r} is no {kind}")
    return reading(stripped)


def _characters(text: str, fixed: Fixed) -> str:
    names = [_name(character) for character in text if not character.isspace()]
    if not all(names) or not names:
        raise ValueError("characters are letters, figures and common signs")
    return fixed.mark(text, " ".join(name for name in names if name))


def _name(character: str) -> str:
    if character.isascii() and character.isalpha():
        return english.alone(character.upper())
    if character.isascii() and character.isdigit():
        return english.alone(numerals.spelled(character))
    return english.alone(_SIGNS[character]) if character in _SIGNS else ""


def _date(text: str, form: str) -> str:
    locale = {"": "en-US", "mdy": "en-US", "dmy": "en-GB", "ymd": "en-US"}.get(form)
    said = dates.spoken(text, locale) if locale else text
    if said == text:
        raise ValueError(f"{text[:40]!r} is no date that is read here (format mdy, dmy or ymd)")
    return said


def _clock(text: str) -> str:
    return dates.spoken(text, "en-US")


_READINGS: dict[str, tuple[str, Callable[[str], str]]] = {
    "cardinal": (r"-?\d[\d,]*(\.\d+)?", lambda text: quantities.spoken(text) if "-" in text else numerals.number(text)),
    "number": (r"-?\d[\d,]*(\.\d+)?", lambda text: quantities.spoken(text) if "-" in text else numerals.number(text)),
    "ordinal": (r"\d[\d,]*(st|nd|rd|th)?", lambda text: numerals.ordinal(re.sub(r"\D", "", text))),
    "digits": (r"[\d\s.-]*\d[\d\s.-]*", lambda text: numerals.spelled(re.sub(r"\D", "", text))),
    "time": (r"\d{1,2}(:\d{2}){0,2}\s?([AaPp]\.?[Mm]\.?)?", _clock),
    "telephone": (r"\+?[\d\s().-]*\d[\d\s().-]*", addresses.telephone),
    "currency": (r"([$€£¥₹]|[A-Z]{3})?\s?\d[\d,]*(\.\d+)?\s?([A-Z]{3}|€)?", money.read),
}
