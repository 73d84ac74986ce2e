"""Figures that name a thing rather than count: versions, machines, rooms, flights, postal codes, ratios, powers.

"Room 101" is no hundred and one rooms. Works before quantities are read and leaves every plain number alone.
"""

from __future__ import annotations

import re

from synthesis.tts.text import numerals

_GROUPED = re.compile(
    r"(?<![\w.,])(\d{1,3}(?:\.\d{3})+),(\d{2})(?![\d])|(?<![\w.,])(\d{1,3}(?:\.\d{3}){2,})(?![\w.,]\d|\w)"
)
_SPACED = re.compile(r"(?<![\w.,])\d{1,3}(?: 000)+(?![\w.,]\d|\w)")
_IP = re.compile(r"(?<![\w.,])((?:\d{1,3}\.){3}\d{1,3})(?::(\d{2,5}))?(?![\w]|\.\d)")
_VERSION = re.compile(
    r"(?<![\w.,$€£])(v)?(\d{1,5}(?:\.\d{1,5}){2,})(?!\w|\.\d)|(?<![\w.])v(\d{1,3}(?:\.\d{1,3})?)(?!\w|\.\d)"
)
_NOUNS = (
    "room suite flight route apartment unit highway interstate box channel bus boeing airbus building locker extension "
    "platform"
).split()
_NOUN = re.compile(rf"\b({'|'.join(_NOUNS)})(\s+(?:[A-Z]{{1,3}}[ -]?)?)(\d{{3,4}})(?![\d.,:/%-]\d|\w)", re.IGNORECASE)
_STREETS = "St Ave Rd Blvd Dr Ln Ct Pl Street Avenue Road Boulevard Drive Lane Court Place Way".split()
_HOUSE = re.compile(
    rf"(?<![\w.,$€£#/-])(\d{{3,5}})(?=(?: [NSEW]\.?)?(?: [A-Z][a-z]+| \d+(?:st|nd|rd|th)){{1,2}} "
    rf"(?:{'|'.join(_STREETS)})\b)"
)
_ZIP = re.compile(r"(?<=\b[A-Z]{2} )(\d{5})(?:-(\d{4}))?(?![\w-])")
_SOCIAL = re.compile(r"(?<![\w-])(\d{3})-(\d{2})-(\d{4})(?![\w-])")
_SHORT = "211|311|411|511|611|711|811|911|988|999|111|112"
_CALL = re.compile(
    rf"\b((?:call|calls|called|calling|dial|dials|dialed|ring|text|phone)\s+|or\s+)({_SHORT})(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)
_DIAL = re.compile(r"\b((?:dial|text|press)\s+)(\d{4,6})(?![\w-]|[.,]\d)", re.IGNORECASE)
_LINES = re.compile(r"\b(\d{3,4})p\b")
_RATIO = re.compile(r"(?<![\w:.])(\d{1,3}):(\d)(?![\w:]|\.\d)")
_LETTER = re.compile(r"\b([A-Z])-(?=\d)")
_EXPONENT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d{1,3})(?!\w)")
_TIMES_POWER = re.compile(r"(?<=\d)\s?[x×*]\s?10\^")
_POWER = re.compile(r"(?<=[\w)])\^(-)?(\d+)")
_EQUATION = re.compile(r"(?<=\d)\s?[-–−]\s?(?=\d+(?:\.\d+)?\s?=)")
_TWICE = re.compile(r"(?<![\w/.])(\d{2})/\1(?![\w/])")


def spoken(text: str) -> str:
    """Every such figure in the text as words; the rest as it was."""
    text = _GROUPED.sub(lambda m: m[3].replace(".", ",") if m[3] else f"{m[1].replace('.', ',')}.{m[2]}", text)
    text = _SPACED.sub(lambda m: m[0].replace(" ", ","), text)
    text = _IP.sub(_machine, text)
    text = _VERSION.sub(_version, text)
    text = _SOCIAL.sub(lambda m: ", ".join(map(numerals.spelled, m.groups())), text)
    text = _ZIP.sub(lambda m: numerals.spelled(m[1]) + (f", {numerals.spelled(m[2])}" if m[2] else ""), text)
    text = _CALL.sub(lambda m: m[1] + numerals.spelled(m[2]), text)
    text = _DIAL.sub(lambda m: m[1] + numerals.spelled(m[2]), text)
    text = _HOUSE.sub(lambda m: numerals.pairs(m[1]), text)
    text = re.sub(r"(?<![\w.,$€£#/+-])911(?![\w,/-]|\.\d| (?!calls|operators)[a-z]+s\b)", "nine one one", text)
    text = re.sub(r"\b9/11\b", "nine eleven", re.sub(r"\b24/7/365\b", "twenty four seven three sixty five", text))
    text = re.sub(r"(?<![\w/.])10/10(?![\w/])", "ten out of ten", text)
    text = re.sub(r"\b(Q[1-4])\s?[-–]\s?(?=Q?[1-4]\b)", r"\1 to ", re.sub(r"(?<!\w)'0(?=\d\b)", "oh ", text))
    text = _TWICE.sub(lambda m: f"{numerals.cardinal(m[1])} {numerals.cardinal(m[1])}", text)
    text = _LINES.sub(lambda m: f"{numerals.pairs(m[1])} {numerals.letters('P')}", text)
    text = _LETTER.sub(lambda m: numerals.letters(m[1]) + " ", text)
    return _arithmetic(text)


def named(text: str) -> str:
    """"Room 101", "extension 204", "flight BA 2490": after abbreviations are written out."""
    return _NOUN.sub(lambda m: f"{m[1]}{m[2].rstrip(' -')} {numerals.pairs(m[3])}", text)


def _arithmetic(text: str) -> str:
    text = _EXPONENT.sub(lambda m: f"{m[1]} times 10^{m[2].lstrip('+')}", text)
    text = _POWER.sub(_power, _TIMES_POWER.sub(" times 10^", text))
    text = _EQUATION.sub(" minus ", text)
    text = re.sub(r"(?<=\d)\s?\*\s?(?=\d)", " times ", text)
    text = re.sub(r"(?<=\d) / (?=\d)", " divided by ", text)
    return _RATIO.sub(lambda m: f"{numerals.cardinal(m[1])} to {numerals.cardinal(m[2])}", text)


def _power(match: re.Match[str]) -> str:
    minus, digits = match[1], match[2]
    named = {"2": " squared", "3": " cubed"}.get(digits) if not minus else None
    return named or f" to the power of {'minus ' if minus else ''}{numerals.cardinal(digits)}"


def _machine(match: re.Match[str]) -> str:
    """"10.0.0.1:8080": numbers of three figures one by one."""
    groups = match[1].split(".")
    if any(int(group) > 255 for group in groups):
        return match[0]
    said = " dot ".join(numerals.spelled(group) if len(group) == 3 else numerals.cardinal(group) for group in groups)
    return said + (f" port {numerals.cardinal(match[2])}" if match[2] else "")


def _version(match: re.Match[str]) -> str:
    parts = (match[2] or match[3]).split(".")
    said = " point ".join(numerals.cardinal(part) for part in parts)
    return f"version {said}" if match[1] or match[3] else said
