"""CMUdict's phones in the IPA symbols that espeak's American English uses.

The same sounds can be written in several ways; a voice only hears a difference where the symbols
differ. So the choice here follows espeak (dialect ``en-us``) where that can be told from the phones,
their stress and the letters they were spelled with: ``ᵻ`` in "wanted", ``ɐ`` in "about", ``ɾ`` in
"water", a stress mark directly before its vowel. It does not copy espeak's dictionary: what a word
sounds like is CMUdict's word.

A word comes in as one tuple of phones per letter (see `alignment`) and leaves as one string per
letter, so that the same pieces can teach `spelling` to read unknown words.
"""

from __future__ import annotations

CONSONANTS = {
    "B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k", "L": "l",
    "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v",
    "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
VOWELS = {
    "AA": "ɑː", "AE": "æ", "AH": "ʌ", "AO": "ɔː", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɜː", "EY": "eɪ",
    "IH": "ɪ", "IY": "iː", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "uː",
}  # fmt: skip
STRESS = {"0": "", "1": "ˈ", "2": "ˌ"}
SIBILANTS = frozenset({"S", "Z", "SH", "ZH", "CH", "JH"})


def ipa(word: str, aligned: list[tuple[str, ...]]) -> list[str]:
    """The word's sounds, one string per letter.

    Args:
        word: lower-case letters and apostrophes.
        aligned: for each letter its phones in ARPABET with stress digits, none to two of them.
    """
    flat = [(letter, phone) for letter, phones in enumerate(aligned) for phone in phones]
    out = [""] * len(word)
    for place, (letter, phone) in enumerate(flat):
        out[letter] += _one(word, flat, place, phone)
    return _one_main_stress(out)


def _one_main_stress(pieces: list[str]) -> list[str]:
    """The last main stress stays; "nineteen" has two in the dictionary."""
    marked = [place for place, piece in enumerate(pieces) if "ˈ" in piece]
    return [piece.replace("ˈ", "ˌ") if place in marked[:-1] else piece for place, piece in enumerate(pieces)]


def _one(word: str, flat: list[tuple[int, str]], place: int, phone: str) -> str:
    around = [flat[n][1] if 0 <= n < len(flat) else "#" for n in range(place - 3, place + 3)]
    if _syllabic(around[2:]) or _syllabic(around[1:]):
        return "ʔ" if phone == "T" else ""
    if _syllabic(around):
        return "n\u0329"
    if not phone[-1].isdigit():
        return _consonant(phone, around[2], around[4])
    kind, digit = phone[:-1], phone[-1]
    context = _Context(word, flat, place, around[2], around[4])
    sound = _unstressed(kind, context) if digit == "0" else _stressed(kind, context)
    return STRESS[digit] + sound


def _syllabic(window: list[str]) -> bool:
    """True where a stressed vowel, t, schwa and n follow each other, as in "written"."""
    before, t, schwa, n = window[:4]
    return before[-1] in "12" and t == "T" and schwa in ("AH0", "IH0") and n == "N"


class _Context:
    """What surrounds a vowel: its letter, its neighbours and where the stress is."""

    def __init__(self, word: str, flat: list[tuple[int, str]], place: int, before: str, after: str) -> None:
        vowels = [n for n, (_, phone) in enumerate(flat) if phone[-1].isdigit()]
        later = [flat[n][1] for n in vowels if n > place]
        self.word, self.before, self.after = word, before, after
        self.letter = word[flat[place][0]]
        self.first = vowels[0] == place
        self.last = not later
        self.pretonic = bool(later) and later[0][-1] == "1"
        self.opens_word = place == 0
        self.ending = place + 2 == len(flat)

    @property
    def before_vowel(self) -> bool:
        return self.after[-1].isdigit()


def _consonant(phone: str, before: str, after: str) -> str:
    # American English flaps t between vowels; d keeps its symbol in espeak.
    if phone == "T" and (before[-1] in "012" or before == "R") and after[-1] == "0" and after not in ("OW0", "UW0"):
        return "ɾ"
    if phone == "N" and after in ("K", "G"):
        return "ŋ"
    if phone == "W" and before == "AH0" and after[-1] == "0":
        return ""  # the glide of "actual" is part of the vowel there
    return CONSONANTS[phone]


def _stressed(kind: str, at: _Context) -> str:
    if kind == "AO" and at.after != "R" and at.letter == "o" and not _two_letter_o(at.word):
        return "ɔ"
    if kind == "AA" and at.letter in "au" and ("au" in at.word or "aw" in at.word):
        return "ɔː"
    if kind in ("AA", "AO") and at.letter == "a" and at.after == "N" and "wa" in at.word:
        return "ɔ"
    if kind == "IY" and at.after == "R":
        return "ɪ"
    if kind == "UW" and at.after == "R":
        return "ʊ"
    if kind == "ER" and at.before_vowel:
        return "ɜːɹ"
    return VOWELS[kind]


def _two_letter_o(word: str) -> bool:
    return any(pair in word for pair in ("ou", "oa", "aw", "au"))


def _unstressed(kind: str, at: _Context) -> str:
    if kind == "AH":
        return _schwa(at)
    if kind == "ER":
        return "ɚɹ" if at.before_vowel else "ɚ"
    if kind == "IY":
        return _happy(at)
    if kind == "IH":
        return _short_i(at)
    if kind == "AA" and at.letter == "a" and at.after != "R":
        return "æ" if at.first else "ə"
    if kind == "AO" and at.after != "R" and at.letter == "o":
        return "ɔ"
    if kind == "OW" and at.letter == "o" and not at.last and not at.first and not at.before_vowel:
        return "ə"
    if kind == "UW" and at.word in ("into", "onto", "unto"):
        return "ʊ"
    return VOWELS[kind]


def _schwa(at: _Context) -> str:
    if at.after == "W" and not at.pretonic:
        return "uː"
    if at.ending and at.letter == "e" and _is_suffix(at):
        return "ᵻ"
    if at.letter == "u" and at.before == "Y":
        return "ʊ"
    if at.last and at.word.endswith(("est", "ests", "et", "ets", "age", "ages", "aged", "inute", "inutes")):
        return "ɪ"
    if at.letter == "a" and at.pretonic:
        return "ɐ"
    if at.letter == "i":
        return "ɪ"
    if at.letter == "u" and at.opens_word:
        return "ʌ"
    if at.letter == "e" and at.first and at.pretonic and at.word[:2] in ("re", "de", "be"):
        return "ᵻ"
    return "ə"


def _is_suffix(at: _Context) -> bool:
    """True in "wanted" and "roses", where espeak writes a vowel of its own."""
    return (at.after == "D" and at.before in ("T", "D")) or (at.after == "Z" and at.before in SIBILANTS)


def _short_i(at: _Context) -> str:
    if at.letter == "e" and at.ending and (_is_suffix(at) or (at.before in SIBILANTS and at.after == "Z")):
        return "ᵻ"
    if at.letter == "e" and at.first and at.pretonic:
        return "ɛ" if at.opens_word and at.word.startswith(("ex", "en", "em")) else "ᵻ"
    return "ɪ"


def _happy(at: _Context) -> str:
    if at.after == "#" or (at.letter in "iy" and (at.before_vowel or at.ending)):
        return "i"
    if at.letter == "e" and at.first and at.pretonic and not at.before_vowel:
        return "ᵻ"
    if at.letter == "y" or (at.letter == "i" and not at.last):
        return "ɪ"
    if at.letter == "e" and at.before_vowel:
        return "iː" if at.word.startswith("re") and at.first else "i"
    return "iː"
