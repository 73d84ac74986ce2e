"""Amounts of money in English text, as words: by sign, by code, as ranges, per something, before a noun."""

from __future__ import annotations

import re

from synthesis.tts.text import numerals

_SIGNS = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", ""),
          "₹": ("rupee", "paisa"), "₩": ("won", ""), "₽": ("ruble", "kopeck")}  # fmt: skip
_CODES = {
    "USD": _SIGNS["$"], "EUR": _SIGNS["€"], "GBP": _SIGNS["£"], "JPY": _SIGNS["¥"], "INR": _SIGNS["₹"],
    "€": _SIGNS["€"], "£": _SIGNS["£"], "KRW": _SIGNS["₩"], "CHF": ("swiss franc", ""), "SEK": ("swedish krona", ""),
    "NOK": ("norwegian krone", ""), "DKK": ("danish krone", ""), "AUD": ("australian dollar", "cent"),
    "CAD": ("canadian dollar", "cent"), "NZD": ("new zealand dollar", "cent"), "HKD": ("hong kong dollar", "cent"),
    "SGD": ("singapore dollar", "cent"), "CNY": ("yuan", ""), "RMB": ("yuan", ""), "BRL": ("brazilian real", ""),
    "MXN": ("mexican peso", ""), "PLN": ("polish zloty", ""), "CZK": ("czech koruna", ""), "THB": ("thai baht", ""),
    "HUF": ("hungarian forint", ""), "TRY": ("turkish lira", ""), "ZAR": ("south african rand", ""),
}  # fmt: skip
_DOLLARS = {"US": numerals.letters("US"), "CA": "canadian", "C": "canadian", "AU": "australian", "A": "australian",
            "NZ": "new zealand", "HK": "hong kong", "SG": "singapore", "S": "singapore"}  # fmt: skip
_EACH = {"hr": "hour", "h": "hour", "mo": "month", "yr": "year", "wk": "week", "min": "minute", "sec": "second",
         "kg": "kilogram", "lb": "pound", "oz": "ounce", "km": "kilometer", "mi": "mile", "gal": "gallon",
         "kWh": "kilowatt hour"}  # fmt: skip
_WORDS = "hour day month year week minute second person night unit user seat mile gallon liter pound item share".split()
_BEFORE_THESE = "bill bills note notes coin coins ticket tickets".split()
_SMALL = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "b": "billion", "B": "billion"}
_NUMBER = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_SCALE = r"(?:\s(hundred|thousand|million|billion|trillion)\b)?"
_LETTER = r"(\s?[kKMBmb]n?\b)?"
_PER = rf"(?:\s?/\s?({'|'.join([*_EACH, *_WORDS])})\b)?"
_RANGE = re.compile(rf"([$€£¥₹]){_NUMBER}[kKMBmb]?n?\s?[-–]\s?\1?{_NUMBER}(?![\d-]){_SCALE}{_LETTER}")
_SIGN = re.compile(
    rf"(\b[Aa]n? )?(-|−)?(?:\b({'|'.join(_DOLLARS)})(?=\$))?([$€£¥₹₩₽])\s?{_NUMBER}{_SCALE}{_LETTER}"
    rf"{_PER}(?=( [a-z]+)?)"
)
_NAMES = "|".join(sorted(_CODES, key=len, reverse=True))
_CODE = re.compile(
    rf"\b({_NAMES.replace('|€', '').replace('|£', '')})\s?{_NUMBER}{_SCALE}|{_NUMBER}{_SCALE}\s?({_NAMES})(?!\w)"
)
_CENTS = re.compile(rf"{_NUMBER}\s?¢")


def spoken(text: str) -> str:
    """Every amount in the text as words; the rest as it was."""
    text = _RANGE.sub(_range, text)
    text = _SIGN.sub(_signed, text)
    text = _CODE.sub(_coded, text)
    return _CENTS.sub(lambda m: numerals.counted(m[1], "cent"), text)


def read(text: str) -> str:
    """An amount with its sign or code, as words; a bare number counts as dollars."""
    return spoken(text if re.search(r"[$€£¥₹₩₽]|[A-Z]{3}", text) else f"${text}")


def _said(amount: str, units: tuple[str, str], scale: str, *, one: bool = False) -> str:
    """Words of an amount; `one` keeps the units in the singular, as in "a five dollar bill"."""
    unit, small = units
    many = unit if one else numerals.plural(unit)
    if scale:
        return f"{numerals.number(amount)} {scale} {many}"
    whole, _, part = amount.replace(",", "").partition(".")
    if len(part) not in (0, 2) or (part and not small):
        return f"{numerals.number(amount)} {many}"
    said = [_counted(whole or "0", unit, one)] if int(whole or 0) or not int(part or 0) else []
    if part and int(part):
        said.append(_counted(str(int(part)), small, one))
    return " and ".join(said)


def _counted(amount: str, unit: str, one: bool) -> str:
    return f"{numerals.number(amount)} {unit}" if one else numerals.counted(amount, unit)


def _scale(word: str | None, letter: str | None) -> str:
    return word or _SMALL.get((letter or "").strip()[:1], "")


def _range(match: re.Match[str]) -> str:
    sign, low, high, word, letter = match.groups()
    scale = _scale(word, letter)
    if "." in low + high and not scale:
        return f"{_said(low, _SIGNS[sign], '')} to {_said(high, _SIGNS[sign], '')}"
    return f"{numerals.number(low)} to {_said(high, _SIGNS[sign], scale)}"


def _signed(match: re.Match[str]) -> str:
    article, minus, land, sign, amount, word, letter, each, noun = match.groups()
    unit, small = _SIGNS[sign]
    units = (f"{_DOLLARS[land]} {unit}" if land else unit, small)
    before_noun = noun is not None and (article is not None or noun.strip() in _BEFORE_THESE)
    said = _said(amount, units, _scale(word, letter), one=before_noun and each is None)
    per = f" per {_EACH.get(each, each)}" if each else ""
    return f"{article or ''}{'minus ' if minus else ''}{said}{per}"


def _coded(match: re.Match[str]) -> str:
    before, amount, scale, amount_after, scale_after, after = match.groups()
    return _said(amount or amount_after, _CODES[before or after], scale or scale_after or "")
