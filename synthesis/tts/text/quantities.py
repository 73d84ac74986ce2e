"""Units, percentages, ordinals, fractions, ranges and plain numbers in English text, as words."""

from __future__ import annotations

import re

from synthesis.tts.text import money, numerals

_UNITS = {
    "km/h": "kilometer per hour", "m/s": "meter per second", "mph": "mile per hour", "kbps": "kilobit per second",
    "kbit/s": "kilobit per second", "Mbit/s": "megabit per second", "Gbit/s": "gigabit per second",
    "MB/s": "megabyte per second", "GB/s": "gigabyte per second",
    "Mbps": "megabit per second", "Gbps": "gigabit per second", "km": "kilometer", "cm": "centimeter",
    "mm": "millimeter", "kg": "kilogram", "mg": "milligram", "lbs": "pound", "lb": "pound", "oz": "ounce",
    "ft": "foot", "ml": "milliliter", "mL": "milliliter", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz",
    "Hz": "hertz", "kWh": "kilowatt hour", "kW": "kilowatt", "MW": "megawatt", "KB": "kilobyte", "kB": "kilobyte",
    "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "ms": "millisecond", "min": "minute", "hrs": "hour",
    "hr": "hour", "sec": "second", "dB": "decibel", "°C": "degree celsius", "°F": "degree fahrenheit", "°": "degree",
    "m²": "square meter", "km²": "square kilometer", "g": "gram", "m": "meter", "L": "liter", "l": "liter",
    "V": "volt", "W": "watt", "h": "hour", "s": "second", "in.": "inch", "mi": "mile", "yd": "yard", "gal": "gallon",
    "mins": "minute", "secs": "second", "yrs": "year", "yr": "year", "wks": "week", "kph": "kilometer per hour",
    "rpm": "revolution per minute", "fps": "frame per second", "bpm": "beat per minute", "dpi": "dot per inch",
    "ppm": "part per million", "px": "pixel", "ns": "nanosecond", "µs": "microsecond", "µm": "micrometer",
    "µg": "microgram", "mAh": "milliamp hour", "mA": "milliamp", "kcal": "kilocalorie", "kPa": "kilopascal",
    "cm²": "square centimeter", "m³": "cubic meter", "cm³": "cubic centimeter", "sq ft": "square foot",
    "sq. ft": "square foot", "sq mi": "square mile", "ft²": "square foot", "ha": "hectare",
}  # fmt: skip
_NUMBER = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_AFTER = sorted(_UNITS, key=len, reverse=True)
_UNIT = re.compile(
    rf"(?<![\w.])(-|−)?{_NUMBER}\s?({'|'.join(map(re.escape, _AFTER))})(?![\w²³])(?:\.(?=,| [a-z\d(]))?"
)
_INCHES = re.compile(r"(?<=f)(t\.? \d+(?:\.\d+)?) in\b\.?(?! [A-Z])")
_BOTH_PERCENT = re.compile(rf"(\b[Bb]etween )?(?<![\w.,-]){_NUMBER}\s?%?\s?[-–]\s?{_NUMBER}(?=\s?%)")
_SCALED = re.compile(
    r"(?<![\w.,])(?:(\d+(?:\.\d+)?)k|(\d+\.\d+|(?!10K)\d{2,3})([KMB])(?! ?[A-Z/-])|(\d+(?:\.\d+)?) ?(bn|mn))\b"
)
_MANY = re.compile(r"(?<![\w.,])(\d{3,})['’]s\b")
_MIXED_SIGN = re.compile(r"(?<=\d)\s?([½¼¾])")
_PERCENT = re.compile(rf"(?<!\w)(-|−|\+)?{_NUMBER}\s?%")
_ORDINAL = re.compile(r"\b(\d{1,3}(?:,\d{3})*|\d+)(st|nd|rd|th)\b")
_DECADE = re.compile(r"(?<!\w)['’]?(1[1-9]\d0|20\d0|[2-9]0)['’]?s\b")
_FRACTION = re.compile(r"(?<![\w/.])(?:(\d+)\s)?([1-9])/([2-9]|1[0-9]|100)(?![\w/])")
_RANGE = re.compile(rf"(\b[Bb]etween )?(?<![\w.,-]){_NUMBER}\s?(?:-|–)\s?{_NUMBER}(?![\w-])")
_YEAR = re.compile(r"(?<![\w.,$€£#/-])(1[1-9]\d{2}|20[0-9]{2})(?![\w/-]|[.,]\d)")
_LONG = re.compile(r"(?<![\w.,])(\d{7,})(?![\w,]|\.\d)")
_PLAIN = re.compile(rf"(?<![\w.])(-|−)?{_NUMBER}(?!\w)")
_HASH = re.compile(r"#(?=\d)")
_DIMENSION = re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)")
_NAMED = {"2": "half", "3": "third", "4": "quarter"}
_YEAR_SAID = re.compile(r"(?<=\b[Yy]ear )(10\d\d)\b|(?<=\b[Ii]n )(10[1-9]\d)(?=[,;.!?]|$)")
_SCALES = {"K": "thousand", "M": "million", "B": "billion", "bn": "billion", "mn": "million"}
_SIGNS = {"½": " and a half", "¼": " and a quarter", "¾": " and three quarters"}


def spoken(text: str) -> str:
    """Every quantity in the text as words; the rest as it was."""
    text = _HASH.sub("number ", text)
    text = money.spoken(text)
    text = _BOTH_PERCENT.sub(lambda m: f"{m[1] or ''}{m[2]} {'and' if m[1] else 'to'} {m[3]}", text)
    text = _PERCENT.sub(lambda m: f"{_sign(m[1])}{numerals.number(m[2])} percent", text)
    text = re.sub(r"\b24/7\b", "twenty four seven", text)
    text = _MIXED_SIGN.sub(lambda m: _SIGNS[m[1]], _FRACTION.sub(_fraction, text))
    text = _SCALED.sub(_scaled, text)
    text = _DIMENSION.sub(" by ", text)
    text = _DECADE.sub(lambda m: numerals.decade(m[1]), text)
    text = _RANGE.sub(_range, text)
    text = _INCHES.sub(r"\1 in.", text)
    text = _UNIT.sub(lambda m: f"{_sign(m[1])}{numerals.counted(m[2], _UNITS[m[3]])}", text)
    text = _YEAR_SAID.sub(lambda m: numerals.year(m[1] or m[2]), text)
    text = _MANY.sub(lambda m: numerals.plural(numerals.cardinal(m[1])), text)
    text = _ORDINAL.sub(lambda m: numerals.ordinal(m[1]), text)
    text = _YEAR.sub(lambda m: numerals.year(m[1]), text)
    text = _LONG.sub(lambda m: numerals.spelled(m[1]), text)
    return _PLAIN.sub(lambda m: f"{_sign(m[1])}{numerals.number(m[2])}", text)


def _sign(mark: str | None) -> str:
    return "" if mark is None else "plus " if mark == "+" else "minus "


def _year_or_number(digits: str) -> str:
    return numerals.year(digits) if re.fullmatch(r"1[1-9]\d\d|20\d\d", digits) else numerals.number(digits)


def _range(match: re.Match[str]) -> str:
    between, low, high = match.groups()
    return f"{between or ''}{_year_or_number(low)} {'and' if between else 'to'} {high}"


def _scaled(match: re.Match[str]) -> str:
    """"12k", "3.5M", "20 bn"; a single figure with a capital is a name ("4K")."""
    thousands, amount, letter, many, short = match.groups()
    if thousands:
        return f"{numerals.number(thousands)} thousand"
    return f"{numerals.number(amount or many)} {_SCALES[letter or short]}"


def _fraction(match: re.Match[str]) -> str:
    whole, over, under = match.groups()
    name = _NAMED.get(under) or numerals.ordinal(under)
    if over != "1":
        name = "halves" if name == "half" else name + "s"
    said = f"{numerals.cardinal(over)} {name}"
    return f"{numerals.cardinal(whole)} and {'a ' + name if over == '1' else said}" if whole else said
