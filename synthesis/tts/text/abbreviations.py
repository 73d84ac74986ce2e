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
_BEFORE_NUMBER = {"p": "page", "pp": "pages", "sec": "section", "art": "article", "apt": "apartment", "ste": "suite",
                  "para": "paragraph", "eq": "equation", "nr": "number", "tab": "table", "ver": "version",
                  "rm": "room", "ext": "extension", "c": "circa", "ca": "circa", "vol": "volume"}  # fmt: skip
_BARE_BEFORE_NUMBER = "apt|ste|rm|ext|vol"  # with a full stop or without
_AFTER_NAME = {"Dr": "drive", "Ln": "lane", "Ct": "court", "Pl": "place", "Pkwy": "parkway", "Hwy": "highway",
               "Sq": "square", "Ave": "avenue", "Rd": "road", "Blvd": "boulevard"}  # fmt: skip
_BARE = {"km": "kilometers", "kg": "kilograms", "cm": "centimeters", "mm": "millimeters", "lbs": "pounds",
         "vs": "versus", "mph": "miles per hour", "hrs": "hours", "mins": "minutes", "secs": "seconds"}  # fmt: skip
_SLASHED = {"and/or": "and or", "he/she": "he or she", "she/he": "she or he", "his/her": "his or her",
            "him/her": "him or her", "s/he": "she or he", "w/o": "without", "w/": "with", "c/o": "care of"}  # fmt: skip
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
    "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
_ALSO_WORDS = frozenset("OK OR IN ME HI".split())  # states only where a postal code follows
_CAN_END = frozenset("etc Jr Sr Inc Ltd Co Corp Ave Rd Blvd dept".split())
_DOTTED = {"e.g.": "for example", "i.e.": "that is", "a.k.a.": "also known as", "p.s.": "postscript", "cf.": "compare"}
_SIGNS = {"&": " and ", "@": " at ", "%": " percent ", "+": " plus ", "=": " equals ", "§": " section ",
          "°": " degrees ",
          "×": " times ", "÷": " divided by ", "±": " plus or minus ", "~": " about ", "©": " copyright ",
          "<": " less than ", ">": " greater than ", "µ": " micro ", "½": " one half ", "¼": " one quarter ",
          "¾": " three quarters ", "/": " slash ", "\\": " backslash ", "#": " hash ", "№": " number ",
          "→": " to ", "≈": " about ",
          "≤": " at most ", "≥": " at least ", "≠": " is not ", "²": " squared ", "³": " cubed ", "√": " root of ",
          "π": " pi ", "∞": " infinity ", "™": "", "®": "", "•": ", ", "·": " "}  # fmt: skip
_WORDS = frozenset(  # said as words; from NOT on because capitals there are emphasis
    "NASA NATO UNICEF UNESCO OPEC AIDS COVID FIFA PIN RAM ROM SIM LAN WAN GIF SWAT ASAP LASER RADAR README IBAN "
    "NOT AND THE ALL ANY NOW NO YES YOU YOUR BUT FOR NEW OUT OFF ON IF OR IS DO ONE TWO TEN SO WE HE SHE MY OUR "
    "HOW TOO BIG BAD ARE WAS HAS HAD DID GET GO SEE USE BUY TRY END RUN TOP RED DAY WAY MAN MEN OLD".split()
)
_SMALL_WORDS = frozenset("I I'M IT'S AM IS THE YOU WE THIS THAT NOT DON'T CAN'T ARE MY TO OF A".split())
_MURMURS = frozenset("hm hmm mm mmm sh shh psst pfft tsk brr grr zzz nth ths".split())
_NUMBERED = (
    "chapter part section volume act scene war phase type class figure book article level title appendix bowl".split()
)
_KINGS = "henry louis george edward charles william james richard philip john paul pius elizabeth mary leo".split()

_NAME_TITLE = re.compile(rf"\b({'|'.join(_BEFORE_NAME)})\.?(?=\s+[A-Z])|\b({'|'.join(_BEFORE_NAME)})\.")
_COMMON = re.compile(rf"\b({'|'.join(_ANYWHERE)})\.(\s+(?=(?-i:[A-Z]))|\s*$)?", re.IGNORECASE)
_NUMBER = re.compile(r"\b[Nn]os?\.\s?(?=\d)")
_SAINT = re.compile(r"\bSt\.?(?=\s+[A-Z][a-z])")
_STREET = re.compile(r"(?<=[a-z])\s+St\.?(?=[\s,.]|$)")
_DOTTED_RE = re.compile("|".join(re.escape(short) for short in _DOTTED), re.IGNORECASE)
_INITIALS = re.compile(r"\b(?:(?:[A-Za-z]|Ph|Sc|Ed|Eng)\.){2,}(\s+(?=[A-Z])|\s*$)?")
_DEGREE = re.compile(r"\b(PhD|BSc|MSc|MPhil)(s?)\b")
_ROW = re.compile(r"\b((?:[A-Z]\. ){2,})(?=[A-Z][a-z])")
_BOX = re.compile(r"\bP\.? ?O\.? Box\b", re.IGNORECASE)
_NUMBERED_SHORT = re.compile(
    rf"\b({'|'.join(_BEFORE_NUMBER)})\.\s?(?=\d)|\b({_BARE_BEFORE_NUMBER})\.?\s(?=\d|[IVX]+\b)", re.IGNORECASE
)
_STREET_NAME = re.compile(rf"\b([A-Z][a-z]+) ({'|'.join(_AFTER_NAME)})\b\.?(?=[,;]| [a-z(]| [NSEW]{{1,2}}\b|(\s*$))")
_BARE_RE = re.compile(rf"(?<![\w'])({'|'.join(_BARE)})(?![\w'])")
_SLASHED_RE = re.compile("|".join(rf"(?<![\w/]){short}(?![\w/])" for short in _SLASHED), re.IGNORECASE)
_STATE = re.compile(rf"(?<=[a-z], )({'|'.join(_STATES)})(?=( (?:{numerals.FIGURES})\b)|[,.;:!?]|\s*$)")
_APPLE = re.compile(r"\b([ie])(?=[A-Z])")
_TAIL = re.compile(r"(?<=[a-z]{3})(?=[A-Z]{2,}\b)")
_TITLED = re.compile(r"\b([A-Z][a-z]{2,}) ([IVX]{2,5})\b(?!')")
_ALONE = re.compile(r"\b[IVX]{3,5}\b(?!')")
# A quotation mark is no letter, an apostrophe inside a word is.
_MUTE = re.compile(r"(?<!\w)(?<!\w')[bcdfghjklmnpqrstvwxz]{2,4}(?!'?\w)", re.IGNORECASE)
_INITIAL = re.compile(rf"(?<![A-Z] )(?<!{numerals.NAMED})\b([A-Z])\.(?=\s+[A-Z][a-z])")
_ROMAN = re.compile(rf"\b({'|'.join(_NUMBERED)})\s+([IVXLC]+)\b(?!')", re.IGNORECASE)
_KING = re.compile(rf"\b({'|'.join(_KINGS)})\s+([IVX]{{1,6}})\b", re.IGNORECASE)
_CAPITALS = re.compile(r"\b[A-Z]{2,}(?:s\b|'s\b|\b)")
_MIXED = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])[A-Za-z0-9]+\b")


def expanded(text: str) -> str:
    """Abbreviations with a full stop and Roman numerals as words."""
    text = _DOTTED_RE.sub(lambda m: _DOTTED[m[0].lower()], text)
    text = _SLASHED_RE.sub(lambda m: _SLASHED[m[0].lower()], text)
    text = _BOX.sub(f"{numerals.letters('PO')} box", text)
    text = _STATE.sub(lambda m: m[0] if m[1] in _ALSO_WORDS and m[2] is None else _STATES[m[1]], text)
    text = _NUMBERED_SHORT.sub(lambda m: _BEFORE_NUMBER[(m[1] or m[2]).lower()] + " ", text)
    text = _DEGREE.sub(lambda m: numerals.letters(m[1].upper()) + ("'s" if m[2] else ""), text)
    text = _STREET_NAME.sub(lambda m: f"{m[1]} {_AFTER_NAME[m[2]]}" + ("." if m[3] is not None else ""), text)
    text = _NUMBER.sub("number ", text)
    text = _SAINT.sub("saint", text)
    text = _STREET.sub(" street", text)
    text = _NAME_TITLE.sub(lambda m: _BEFORE_NAME[m[1] or m[2]], text)
    text = _COMMON.sub(_common, text)
    text = _ROW.sub(lambda m: numerals.letters(m[1].replace(". ", "")) + " ", text)
    text = _INITIALS.sub(_initials, text)
    text = _INITIAL.sub(lambda m: m[1], text)
    text = _ROMAN.sub(lambda m: _roman(m, ""), text)
    text = _KING.sub(lambda m: _roman(m, "the "), text)
    return _ALONE.sub(_counted, _TITLED.sub(lambda m: _roman(m, ""), text))


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


def _counted(match: re.Match[str]) -> str:
    value = numerals.roman(match[0])
    return match[0] if value is None or set(match[0]) == {"X"} else numerals.cardinal(str(value))


def acronyms(text: str, known: Callable[[str], bool]) -> str:
    """Words in capitals as letters, unless they are said as a word or the whole text shouts.

    Args:
        known: whether a lower-case word is in the dictionary.
    """
    text = _TAIL.sub(" ", _APPLE.sub(lambda m: numerals.letters(m[1]) + " ", text))
    text = _MIXED.sub(lambda m: _mixed(m[0]), text)
    text = _BARE_RE.sub(lambda m: _BARE[m[1]], text)
    text = _MUTE.sub(lambda m: _mute(m[0], known), text)
    if _is_shouted(text):
        return _MUTE.sub(lambda m: _mute(m[0].lower(), known), text)
    return _CAPITALS.sub(lambda m: _capitals(m[0], known), text)


def _mute(written: str, known: Callable[[str], bool]) -> str:
    """A word without a vowel is named by its letters, unless it is one that people make ("hmm")."""
    low = written.lower()
    return written if written.isupper() or known(low) or low in _MURMURS else numerals.letters(written)


def _is_shouted(text: str) -> bool:
    """True for "IT WAS A DARK NIGHT" and "IT'S OK": capitals say nothing there."""
    words = re.findall(r"[A-Za-z']{2,}", text)
    capitals = sum(word.isupper() for word in words)
    if len(words) > 2:
        return capitals > 0.6 * len(words)
    every = re.findall(r"[A-Za-z']+", text)
    return len(every) > 1 and capitals == len(words) > 0 and any(word in _SMALL_WORDS for word in every)


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
    if re.fullmatch(r"19\d\d|20\d\d", digits):
        return numerals.year(digits)
    return numerals.cardinal(digits) if len(digits) < 3 or digits.endswith("00") else numerals.spelled(digits)


def signs(text: str) -> str:
    """What is left of signs, as words."""
    return "".join(_SIGNS.get(letter, letter) for letter in text)
