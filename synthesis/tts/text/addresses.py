"""E-mail addresses, web addresses and telephone numbers as they are read out."""

from __future__ import annotations

import re

from synthesis.tts.text import numerals

_EMAIL = re.compile(r"(?:mailto:)?\b([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)\b")
_DOMAINS = "com|org|net|edu|gov|io|ai|eu|uk|de|nl|fr|cn|us|co|info|app|dev"
_PATH = r"[^\s<>\"]*[^\s<>\".,;:!?)]"
_URL = re.compile(
    rf"\b(?:https?://|(?=www\.)){_PATH}|\b(?:[a-zA-Z0-9-]+\.)+(?:{_DOMAINS})\b(?:/{_PATH}|/)?(?!\.?\w)"
)
_PHONE = re.compile(
    r"(?<![\w.,/-])\+\d{1,3}(?:[ .-]?\(\d{1,4}\)|[ .-]\d{1,4})(?:[ .-]\d{2,8}){1,4}(?![\w/-]|[.,]\d)"
    r"|(?<![\w.,/-])1[ .-]\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w/-]|[.,]\d)"
    r"|(?<![\w.,/-])(\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?|\d{2,4}[ .-])\d{3,4}[ .-]\d{3,4}(?:[ .-]\d{2,4})?"
    r"(?![\w/-]|[.,]\d)|(?<!\w)\+\d{7,14}\b|(?<![\w.,/-])\d{3}-\d{4}(?![\w/-]|[.,]\d)"
)
_SIGNS = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", "@": "at", "+": "plus", ":": "colon",
          "?": "question mark", "=": "equals", "&": "and", "#": "hash", "%": "percent", "~": "tilde"}  # fmt: skip
_PART = re.compile(r"[A-Za-z]+|\d+|[^\w\s]|_")
_SPELLED = frozenset("www http https ftp uk eu us de nl fr cn io ai tv api faq html pdf".split())


def spoken(text: str) -> str:
    """Every address and telephone number in the text as words; the rest as it was."""
    text = _EMAIL.sub(lambda m: f"{_said(m[1])} at {_said(m[2])}", text)
    text = _URL.sub(lambda m: _said(re.sub(r"^https?://", "", m[0]).rstrip("/")), text)
    return _PHONE.sub(lambda m: telephone(m[0]), text)


def telephone(written: str) -> str:
    """Digit by digit, with a pause between the groups as they are written."""
    groups = re.findall(r"\d+", written)
    free = len(groups) == 4 and groups[0] == "1" and groups[1] == "800"
    said = ", ".join("eight hundred" if free and place == 1 else numerals.spelled(group)
                     for place, group in enumerate(groups))  # fmt: skip
    return f"plus {said}" if written.lstrip().startswith("+") else said


def _said(address: str) -> str:
    return " ".join(_part(piece) for piece in _PART.findall(address))


def _part(piece: str) -> str:
    if piece in _SIGNS:
        return _SIGNS[piece]
    if piece.isdigit():
        return numerals.spelled(piece) if len(piece) > 2 else numerals.cardinal(piece)
    if piece.lower() in _SPELLED or not re.search("[aeiouyAEIOUY]", piece):
        return numerals.letters(piece)
    return piece.lower()
