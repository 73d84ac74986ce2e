"""Abbreviations, acronyms, Roman numerals and signs in English text, as words.

In what leaves here a single capital stands for the name of that letter ("B B C"); everything that is
read as a word is lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from synthesis.tts.text import numerals

# With their full stop, which is part of the abbreviation and ends no sentence.
_BEFORE_NAME = {
    "Dr": "doctor", "Mr": "mister", "Mrs": "missus", "Ms": "miz", "Prof": "professor", "Rev": "reverend",
    "Gen": "general", "Col": "colonel", "Capt": "captain", "Lt": "lieutenant", "Sgt": "sergeant", "Gov": "governor",
    "Sen": "senator", "Rep": "representative", "Pres": "president", "Hon": "honorable", "Mt": "mount", "Ft": "fort",
}  # fmt: skip
_ANYWHERE = {
    "vs": "versus", "etc": "et cetera", "approx": "approximately", "dept": "department", "est": "established",
    "Jr": "junior", "Sr": "senior", "Inc": "incorporated", "Ltd": "limited", "Co": "company", "Corp": "corporation",
    "Ave": "avenue", "Rd": "road", "Blvd": "boulevard", "Fig": "figure", "Vol": "volume", "Ch": "chapter",
    "tel": "telephone", "max": "maximum", "misc": "miscellaneous", "ext": "extension",
}  # fmt: skip
_CAN_END = frozenset("etc Jr Sr Inc Ltd Co Corp Ave Rd Blvd dept".split())
_DOTTED = {"e.g.": "for example", "i.e.": "that is", "a.k.a.": "also known as", "p.s.": "postscript"}
_SIGNS = {"&": " and ", "@": " at ", "%": " percent ", "+": " plus ", "=": " equals ", "§": " section ",
          "°": " degrees ",
          "×": " times ", "÷": " divided by ", "±": " plus or minus ", "~": " about ", "©": " copyright ",
          "<": " less than ", ">": " greater than ", "µ": " micro ", "½": " one half ", "¼": " one quarter ",
          "¾": " three quarters ", "/": " slash ", "\\": " backslash ", "#": " hash ", "№": " number "}  # fmt: skip
_WORDS = frozenset(
    "NASA NATO UNICEF UNESCO OPEC AIDS COVID FIFA PIN RAM ROM SIM LAN WAN GIF SWAT ASAP LASER RADAR".split()
)
_NUMBERED = (
    "chapter part section volume act scene war phase type class figure book article level title appendix".split()
)
_KINGS = "henry louis george edward charles william james richard philip john paul pius elizabeth mary leo".split()

_NAME_TITLE = re.compile(rf"\b({'|'.join(_BEFORE_NAME)})\.?(?=\s+[A-Z])|\b({'|'.join(_BEFORE_NAME)})\.")
_COMMON = re.compile(rf"\b({'|'.join(_ANYWHERE)})\.(\s+(?=(?-i:[A-Z]))|\s*$)?", re.IGNORECASE)
_NUMBER = re.compile(r"\b[Nn]os?\.\s?(?=\d)")
_SAINT = re.compile(r"\bSt\.?(?=\s+[A-Z][a-z])")
_STREET = re.compile(r"(?<=[a-z])\s+St\.?(?=[\s,.]|$)")
_DOTTED_RE = re.compile("|".join(re.escape(short) for short in _DOTTED), re.IGNORECASE)
_INITIALS = re.compile(r"\b(?:[A-Za-z]\.){2,}(\s+(?=[A-Z])|\s*$)?")
_INITIAL = re.compile(rf"(?<![A-Z] )(?<!{numerals.NAMED})\b([A-Z])\.(?=\s+[A-Z][a-z])")
_ROMAN = re.compile(rf"\b({'|'.join(_NUMBERED)})\s+([IVXLC]+)\b(?!')", re.IGNORECASE)
_KING = re.compile(rf"\b({'|'.join(_KINGS)})\s+([IVX]{{1,6}})\b", re.IGNORECASE)
_CAPITALS = re.compile(r"\b[A-Z]{2,}(?:s\b|'s\b|\b)")
_MIXED = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]+\b")


def expanded(text: str) -> str:
    """Abbreviations with a full stop and Roman numerals as words."""
    text = _DOTTED_RE.sub(lambda m: _DOTTED[m[0].lower()], text)
    text = _NUMBER.sub("number ", text)
    text = _SAINT.sub("saint", text)
    text = _STREET.sub(" street", text)
    text = _NAME_TITLE.sub(lambda m: _BEFORE_NAME[m[1] or m[2]], text)
    text = _COMMON.sub(_common, text)
    text = _INITIALS.sub(lambda m: _initials(m), text)
    text = _INITIAL.sub(lambda m: m[1], text)
    text = _ROMAN.sub(lambda m: _roman(m, ""), text)
    return _KING.sub(lambda m: _roman(m, "the "), text)


def _key(written: str) -> str:
    return next(short for short in _ANYWHERE if short.lower() == written.lower())


def _common(match: re.Match[str]) -> str:
    """The word; its full stop also ends a sentence when a capital or nothing follows, but never after "vs."."""
    short, space = _key(match[1]), match[2] or ""
    ends = match[2] is not None and short in _CAN_END
    return _ANYWHERE[short] + ("." if ends else "") + space


def _initials(match: re.Match[str]) -> str:
    """"U.S.A." as letters; the last full stop also ends a sentence when a capital or nothing follows."""
    return numerals.letters(match[0].replace(".", "").strip()) + (f".{match[1]}" if match[1] is not None else "")


def _roman(match: re.Match[str], article: str) -> str:
    value = numerals.roman(match[2])
    if value is None or (article and value > 30):
        return match[0]
    said = numerals.ordinal(str(value)) if article else numerals.cardinal(str(value))
    return f"{match[1]} {article}{said}"


def acronyms(text: str, known: Callable[[str], bool]) -> str:
    """Words in capitals as letters, unless they are said as a word or the whole text shouts.

    Args:
        known: whether a lower-case word is in the dictionary.
    """
    text = _MIXED.sub(lambda m: _mixed(m[0]), text)
    words = re.findall(r"[A-Za-z]{2,}", text)
    shouted = len(words) > 2 and sum(word.isupper() for word in words) > 0.6 * len(words)
    return text if shouted else _CAPITALS.sub(lambda m: _capitals(m[0], known), text)


def _capitals(written: str, known: Callable[[str], bool]) -> str:
    stem, ending = re.fullmatch(r"([A-Z]+)('?s?)", written).groups()  # type: ignore[union-attr]  # the caller's pattern
    if stem in _WORDS or (len(stem) >= 4 and known(stem.lower())):
        return written.lower()
    return numerals.letters(stem) + ("'s" if ending else "")


def _mixed(written: str) -> str:
    """"A380", "B2B", "COVID19": letters apart from figures."""
    parts = re.findall(r"[A-Za-z]+|\d+", written)
    return " ".join(_figures(part) if part.isdigit() else _lettered(part) for part in parts)


def _lettered(part: str) -> str:
    return numerals.letters(part) if len(part) == 1 else part


def _figures(digits: str) -> str:
    return numerals.cardinal(digits) if len(digits) < 3 or digits.endswith("00") else numerals.spelled(digits)


def signs(text: str) -> str:
    """What is left of signs, as words."""
    return "".join(_SIGNS.get(letter, letter) for letter in text)
