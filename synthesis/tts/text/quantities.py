"""Money, units, percentages, ordinals, fractions, ranges and plain numbers in English text, as words."""

from __future__ import annotations

import re

from synthesis.tts.text import numerals

_MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", ""),
          "₹": ("rupee", "paisa")}  # fmt: skip
_CODES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_PLURALS = {"penny": "pence", "yen": "yen", "paisa": "paise", "foot": "feet", "inch": "inches", "hertz": "hertz"}
_UNITS = {
    "km/h": "kilometer per hour", "m/s": "meter per second", "mph": "mile per hour", "kbps": "kilobit per second",
    "Mbps": "megabit per second", "Gbps": "gigabit per second", "km": "kilometer", "cm": "centimeter",
    "mm": "millimeter", "kg": "kilogram", "mg": "milligram", "lbs": "pound", "lb": "pound", "oz": "ounce",
    "ft": "foot", "ml": "milliliter", "mL": "milliliter", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
    "Hz": "hertz", "kWh": "kilowatt hour", "kW": "kilowatt", "MW": "megawatt", "KB": "kilobyte", "kB": "kilobyte",
    "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "ms": "millisecond", "min": "minute", "hrs": "hour",
    "hr": "hour", "sec": "second", "dB": "decibel", "°C": "degree celsius", "°F": "degree fahrenheit", "°": "degree",
    "m²": "square meter", "km²": "square kilometer", "g": "gram", "m": "meter", "L": "liter", "l": "liter",
    "V": "volt", "W": "watt", "h": "hour", "s": "second",
}  # fmt: skip
_SCALE = r"(?:\s(hundred|thousand|million|billion|trillion))?"
_NUMBER = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_SIGN = re.compile(rf"(-|−)?([$€£¥₹])\s?{_NUMBER}{_SCALE}(\s?[kKMB]n?\b)?")
_CODE = re.compile(rf"\b(USD|EUR|GBP|JPY|INR)\s?{_NUMBER}{_SCALE}|{_NUMBER}{_SCALE}\s?(USD|EUR|GBP|JPY|INR|€)(?!\w)")
_AFTER = sorted(_UNITS, key=len, reverse=True)
_UNIT = re.compile(rf"(?<![\w.])(-|−)?{_NUMBER}\s?({'|'.join(map(re.escape, _AFTER))})(?![\w²])")
_PERCENT = re.compile(rf"(?<!\w)(-|−|\+)?{_NUMBER}\s?%")
_ORDINAL = re.compile(r"\b(\d{1,3}(?:,\d{3})*|\d+)(st|nd|rd|th)\b")
_DECADE = re.compile(r"(?<!\w)['’]?(1[1-9]\d0|20\d0|[2-9]0)['’]?s\b")
_FRACTION = re.compile(r"(?<![\w/.])(?:(\d+)\s)?([1-9])/([2-9]|1[0-9]|100)(?![\w/])")
_RANGE = re.compile(rf"(?<![\w.,-]){_NUMBER}\s?(?:-|–)\s?{_NUMBER}(?![\w-])")
_YEAR = re.compile(r"(?<![\w.,$€£#/-])(1[1-9]\d{2}|20[0-9]{2})(?![\w/-]|[.,]\d)")
_LONG = re.compile(r"(?<![\w.,])(\d{7,})(?![\w,]|\.\d)")
_PLAIN = re.compile(rf"(?<![\w.])(-|−)?{_NUMBER}(?!\w)")
_HASH = re.compile(r"#(?=\d)")
_DIMENSION = re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)")
_NAMED = {"2": "half", "3": "third", "4": "quarter"}
_SMALL = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion"}


def spoken(text: str) -> str:
    """Every quantity in the text as words; the rest as it was."""
    text = _HASH.sub("number ", text)
    text = _SIGN.sub(_signed, text)
    text = _CODE.sub(_coded, text)
    text = _PERCENT.sub(lambda m: f"{_sign(m[1])}{numerals.number(m[2])} percent", text)
    text = re.sub(r"\b24/7\b", "twenty four seven", text)
    text = _FRACTION.sub(_fraction, text)
    text = _DIMENSION.sub(" by ", text)
    text = _DECADE.sub(lambda m: numerals.decade(m[1]), text)
    text = _RANGE.sub(lambda m: f"{_year_or_number(m[1])} to {m[2]}", text)
    text = _UNIT.sub(lambda m: f"{_sign(m[1])}{_counted(m[2], _UNITS[m[3]])}", text)
    text = _ORDINAL.sub(lambda m: numerals.ordinal(m[1]), text)
    text = _YEAR.sub(lambda m: numerals.year(m[1]), text)
    text = _LONG.sub(lambda m: numerals.spelled(m[1]), text)
    return _PLAIN.sub(lambda m: f"{_sign(m[1])}{numerals.number(m[2])}", text)


def money(text: str) -> str:
    """An amount with its sign or code, as words; a bare number counts as dollars."""
    return spoken(text if re.search(r"[$€£¥₹]|[A-Z]{3}", text) else f"${text}")


def _sign(mark: str | None) -> str:
    return "" if mark is None else "plus " if mark == "+" else "minus "


def _year_or_number(digits: str) -> str:
    return numerals.year(digits) if re.fullmatch(r"1[1-9]\d\d|20\d\d", digits) else numerals.number(digits)


def _counted(amount: str, unit: str) -> str:
    """"5 kilometers per hour": the first word of the unit that can be counted takes the plural."""
    said = numerals.number(amount)
    if amount == "1":
        return f"{said} {unit}"
    head, *rest = unit.split(" ")
    if head in ("square", "kilowatt") and rest:
        rest[0] = _plural(rest[0])
    else:
        head = _plural(head)
    return " ".join([said, head, *rest])


def _plural(unit: str) -> str:
    return _PLURALS.get(unit) or (unit if unit.endswith("hertz") else unit + "s")


def _money(amount: str, sign: str, scale: str) -> str:
    unit, small = _MONEY[sign]
    if scale:
        return f"{numerals.number(amount)} {scale} {_plural(unit)}"
    whole, _, part = amount.replace(",", "").partition(".")
    if len(part) not in (0, 2) or (part and not small):
        return f"{numerals.number(amount)} {_plural(unit)}"
    said = [_counted(whole, unit)] if int(whole or 0) or not int(part or 0) else []
    if part and int(part):
        said.append(_counted(str(int(part)), small))
    return " and ".join(said)


def _signed(match: re.Match[str]) -> str:
    minus, sign, amount, scale, letter = match.groups()
    return _sign(minus) + _money(amount, sign, scale or _SMALL.get((letter or "").strip()[:1], ""))


def _coded(match: re.Match[str]) -> str:
    before, amount, scale, amount_after, scale_after, after = match.groups()
    code = before or after
    return _money(amount or amount_after, _CODES.get(code, code), scale or scale_after or "")


def _fraction(match: re.Match[str]) -> str:
    whole, over, under = match.groups()
    name = _NAMED.get(under) or numerals.ordinal(under)
    if over != "1":
        name = "halves" if name == "half" else name + "s"
    said = f"{numerals.cardinal(over)} {name}"
    return f"{numerals.cardinal(whole)} and {'a ' + name if over == '1' else said}" if whole else said
