"""Dates and times of day in English text, as words.

Which of "3/4/2026" is the month hangs on the locale: "en-US" reads the month first, every other
English locale the day. ISO dates need no locale.
"""

from __future__ import annotations

import re

from synthesis.tts.text import numerals

MONTHS = (
    "January February March April May June July August September October November December"
).split()
_SHORT = {name[:3].lower(): name for name in MONTHS} | {"sept": "September"}
_NAMES = "|".join([*MONTHS, *(f"{short}\\.?" for short in "Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec".split())])
_DAYS = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
         "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}  # fmt: skip
_WEEK = "|".join(sorted({*_DAYS, *_DAYS.values()}, key=len, reverse=True))
PIVOT = 69  # two figures of a year from here on lie in the last century, as POSIX has it

_ISO = re.compile(r"\b(1\d{3}|20\d{2})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b")
_SLASHED = re.compile(r"\b(\d{1,2})([/.])(\d{1,2})\2(\d{4}|\d{2})\b")
_MONTH_FIRST = re.compile(rf"\b({_NAMES}) (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (\d{{4}})\b)?")
_DAY_FIRST = re.compile(rf"\b(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_NAMES})(?=[\W]|$)(?:,? (\d{{4}})\b)?")
_MONTH_YEAR = re.compile(rf"\b({_NAMES}) (\d{{4}})\b")
_DAY_NAME = re.compile(r"\b(Mon|Tues?|Wed|Thu(?:rs)?|Fri|Sat|Sun)(?:\.|(?=,? (?:\d|[A-Z][a-z]{2,8} \d)))")
_CLOCK = re.compile(
    r"(?<![\w.])([01]?\d|2[0-4]):([0-5]\d)(?!\d)(?::([0-5]\d)(?!\d))?"
    r"(?:\s?([AaPp])\.?\s?[Mm]\b(\.(?!\s+[A-Z]|\s*$))?)?"
)
_STAMP = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:(Z)|([+-])(\d\d):?(\d\d))?\b")
_NO_YEAR = re.compile(
    r"\b((?:[Oo]n|[Ss]ince|(?:[Bb]y|[Uu]ntil|[Bb]efore|[Aa]fter)(?! (?:1/[234]|2/3|3/4)\b)) )"
    r"(1[0-2]|0?[1-9])/(3[01]|[12]\d|0?[1-9])(?![\w/]|[.,]\d| of\b)"
    r"|(?<![\w/.])()(1[0-2])/(3[01]|2\d|1[3-9])(?![\w/\"]|[.,]\d| of\b)"
)
_DAY_SPAN = re.compile(rf"\b({_WEEK})\.?\s?[-–—]\s?({_WEEK})\b\.?(?=[\s,;:)]|$)")
_MONTH_SPAN = re.compile(rf"\b({_NAMES})\s?[-–—]\s?(?={_NAMES}\b)")
_DATE_SPAN = re.compile(rf"\b({_NAMES}) (\d{{1,2}})\s?[-–—]\s?(\d{{1,2}})(?!\d|:)")
_SPAN_DATE = re.compile(rf"\b(\d{{1,2}})\s?[-–—]\s?(\d{{1,2}}) ({_NAMES})(?=\W|$)")
_HALF = r"(?:\s?[AaPp]\.?[Mm]\b\.?)"
_TIME_SPAN = re.compile(
    rf"(?<![\w:.])(\d{{1,2}}(?::\d\d{_HALF}?|{_HALF}))\s?[-–—]\s?(?=\d{{1,2}}(?::\d\d|{_HALF}))"
    rf"|(?<![\w:.])(\d{{1,2}})\s?[-–—]\s?(?=\d{{1,2}}(?::\d\d)?{_HALF})"
)
_HOUR = re.compile(r"\b(1[0-2]|[1-9])\s?([AaPp])\.?\s?[Mm]\b(\.(?!\s+[A-Z]|\s*$))?")


def spans(text: str) -> str:
    """"Mon-Fri", "9am - 5pm", "May 5-7": what stands between is said as "to". Before dashes become pauses."""
    text = _DAY_SPAN.sub(lambda m: f"{_DAYS.get(m[1], m[1])} to {_DAYS.get(m[2], m[2])}", text)
    text = _MONTH_SPAN.sub(lambda m: f"{_month(m[1])} to ", text)
    text = _DATE_SPAN.sub(lambda m: f"{_month(m[1])} {numerals.ordinal(m[2])} to {numerals.ordinal(m[3])}", text)
    text = _SPAN_DATE.sub(
        lambda m: f"the {numerals.ordinal(m[1])} to the {numerals.ordinal(m[2])} of {_month(m[3])}", text
    )
    return _TIME_SPAN.sub(lambda m: f"{m[1] or m[2]} to ", text)


def spoken(text: str, locale: str) -> str:
    """Every date and time in the text as words; the rest as it was."""
    text = _STAMP.sub(lambda m: f"{m[1]} at {m[2]}{_zone(m)}", text)
    text = _ISO.sub(lambda m: _date(int(m[2]), m[3], m[1], locale) or m[0], text)
    text = _SLASHED.sub(lambda m: _numeric(m, locale), text)
    text = _NO_YEAR.sub(lambda m: _without_year(m, locale), text)
    text = _DAY_NAME.sub(lambda m: _DAYS[m[1]], text)
    text = _DAY_FIRST.sub(lambda m: f"the {numerals.ordinal(m[1])} of {_month(m[2])}{_year(m[3])}", text)
    text = _MONTH_FIRST.sub(lambda m: f"{_month(m[1])} {numerals.ordinal(m[2])}{_year(m[3])}", text)
    text = _MONTH_YEAR.sub(lambda m: f"{_month(m[1])} {numerals.year(m[2])}", text)
    text = _CLOCK.sub(_time, text)
    return _HOUR.sub(lambda m: f"{numerals.cardinal(m[1])} {numerals.letters(m[2] + 'M')}", text)


def _month(written: str) -> str:
    return _SHORT[written[:3].lower()]


def _year(digits: str | None) -> str:
    return f", {numerals.year(digits)}" if digits else ""


def _numeric(match: re.Match[str], locale: str) -> str:
    first, mark, second, year = match.groups()
    month_first = locale == "en-US" and mark == "/"
    month, day = (first, second) if month_first else (second, first)
    if int(month) > 12 and int(day) <= 12:
        month, day = day, month
    return _date(int(month), day, _century(year), locale) or match[0]


def _century(year: str) -> str:
    return year if len(year) == 4 else f"{19 if int(year) >= PIVOT else 20}{year}"


def _without_year(match: re.Match[str], locale: str) -> str:
    before, first, second = match[1] or "", match[2] or match[5], match[3] or match[6]
    if locale != "en-US":
        if match[1] is None or int(second) > 12:
            return match[0]
        first, second = second, first
    return f"{before}{_date(int(first), second, '', locale)}"


def _zone(match: re.Match[str]) -> str:
    _, _, zulu, sign, hours, minutes = match.groups()
    if not (zulu or sign):
        return ""
    utc = numerals.letters("UTC")
    if zulu or int(hours) + int(minutes) == 0:
        return f" {utc}"
    rest = f" {numerals.cardinal(str(int(minutes)))}" if int(minutes) else ""
    return f" {utc} {'plus' if sign == '+' else 'minus'} {numerals.cardinal(str(int(hours)))}{rest}"


def _date(month: int, day: str, year: str, locale: str) -> str:
    """A date as it is said in the locale; empty when there is no such day."""
    if not (1 <= month <= 12 and 1 <= int(day) <= 31):
        return ""
    said = numerals.ordinal(str(int(day)))
    front = f"{MONTHS[month - 1]} {said}" if locale == "en-US" else f"the {said} of {MONTHS[month - 1]}"
    return f"{front}{_year(year)}"


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half, _ = match.groups()
    if int(hour) % 24 == 0 and minute == "00" and not half and second in (None, "00"):
        return "midnight"
    said = [numerals.cardinal(str(int(hour)))]
    if minute != "00":
        said += ["oh"] if minute[0] == "0" else []
        said.append(numerals.cardinal(str(int(minute))))
    elif not half:
        said.append("hundred hours" if int(hour) > 12 or hour[0] == "0" else "o'clock")
    if second and second != "00":
        said.append(f"and {numerals.cardinal(str(int(second)))} seconds")
    return " ".join([*said, numerals.letters(half + "M")] if half else said)
