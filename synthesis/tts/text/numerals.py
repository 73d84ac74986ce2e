"""English number words: cardinals, ordinals, years, digits, decimals, plurals; and letters named one by one."""

from __future__ import annotations

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
FIGURES = "|".join(_UNITS[:10])
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_PLURALS = {"penny": "pence", "yen": "yen", "yuan": "yuan", "won": "won", "baht": "baht", "paisa": "paise",
            "foot": "feet", "inch": "inches", "hertz": "hertz", "krona": "kronor", "krone": "kroner", "real": "reais",
            "rand": "rand", "zloty": "zloty", "lira": "lira"}  # fmt: skip
NAMED = "\u2060"  # word joiner: taken out of what people write, so it cannot come from outside
LONGEST = 15  # digits; more are read one by one


def cardinal(digits: str) -> str:
    """"1,024" as words; more than 15 digits, or a leading zero, are read digit by digit."""
    plain = digits.replace(",", "")
    if len(plain) > LONGEST or (len(plain) > 1 and plain.startswith("0")):
        return spelled(plain)
    return _words(int(plain))


def _words(number: int) -> str:
    for scale, name in _SCALES:
        if number >= scale:
            return f"{_words(number // scale)} {name}{_rest(number % scale)}"
    if number >= 100:
        return f"{_UNITS[number // 100]} hundred{_rest(number % 100)}"
    if number >= 20:
        return _TENS[number // 10] + _rest(number % 10)
    return _UNITS[number]


def _rest(number: int) -> str:
    return f" {_words(number)}" if number else ""


def ordinal(digits: str) -> str:
    """"21" as "twenty first"."""
    *front, last = cardinal(digits).split()
    if last in _ORDINALS:
        word = _ORDINALS[last]
    else:
        word = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return " ".join([*front, word])


def year(digits: str) -> str:
    """Four digits as a year: "1999", "1905", "2000", "2026"."""
    high, low = int(digits[:2]), int(digits[2:])
    if low == 0:
        return f"{_words(high)} hundred" if high % 10 else f"{_words(high // 10)} thousand"
    if high == 20 and low < 10:
        return f"two thousand {_words(low)}"
    return f"{_words(high)} {'oh ' if low < 10 else ''}{_words(low)}"


def pairs(digits: str) -> str:
    """Three or four figures as a room or a flight is called: "one oh one", "twenty four ninety"; others one by one."""
    if digits.startswith("0") or len(digits) not in (3, 4):
        return spelled(digits)
    if len(digits) == 4:
        return year(digits)
    low = int(digits[1:])
    if low == 0:
        return f"{_UNITS[int(digits[0])]} hundred"
    return f"{_UNITS[int(digits[0])]} {'oh ' if low < 10 else ''}{_words(low)}"


def decade(digits: str) -> str:
    """"1990" or "90" as "nineteen nineties", "nineties"."""
    words = year(digits) if len(digits) == 4 else cardinal(digits)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def spelled(digits: str) -> str:
    """Digit by digit."""
    return " ".join(_UNITS[int(digit)] for digit in digits)


def decimal(text: str) -> str:
    """"3.14", "1,000.5", ".5"."""
    whole, _, part = text.partition(".")
    front = cardinal(whole) if whole else "zero"
    return f"{front} point {spelled(part)}" if part else front


def number(text: str) -> str:
    """A cardinal or a decimal, whichever it is."""
    return decimal(text) if "." in text else cardinal(text)


def counted(amount: str, unit: str) -> str:
    """"5 kilometers per hour": the first word of the unit that can be counted takes the plural."""
    said = number(amount)
    if amount == "1":
        return f"{said} {unit}"
    return f"{said} {plural(unit)}"


def plural(unit: str) -> str:
    """More than one of a unit: "feet", "square meters", "swiss francs", "miles per hour"."""
    head, mark, rest = unit.partition(" per ")
    *front, noun = head.split(" ")
    many = _PLURALS.get(noun) or (noun if noun.endswith("hertz") else noun + "s")
    if front and front[0] == "degree":
        front[0], many = "degrees", noun
    return " ".join([*front, many]) + mark + rest


def letters(text: str) -> str:
    """Letters to be named one by one; the mark before each says that "A" is no article here."""
    return " ".join(f"{NAMED}{letter.upper()}" for letter in text)


def roman(text: str) -> int | None:
    """The value of a well-formed Roman numeral in capitals up to 3999, or None."""
    values = [_ROMAN.get(letter, 0) for letter in text]
    if not text or 0 in values:
        return None
    pairs = zip(values, [*values[1:], 0], strict=True)
    total = sum(-now if now < after else now for now, after in pairs)
    return total if to_roman(total) == text else None


def to_roman(value: int) -> str:
    """The Roman numeral of 1 to 3999."""
    steps = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
             (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip
    written = ""
    for amount, letters in steps:
        count, value = divmod(value, amount)
        written += letters * count
    return written
