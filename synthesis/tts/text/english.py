"""English words to phonemes: dictionary first, then what can be derived, then the spelling network.

Works on text that `normalise` has made: words, punctuation and single capitals for letter names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from synthesis.tts.text import dictionary, spelling, weak_forms

_LETTERS = {
    "A": "ˈeɪ", "B": "bˈiː", "C": "sˈiː", "D": "dˈiː", "E": "ˈiː", "F": "ˈɛf", "G": "dʒˈiː", "H": "ˈeɪtʃ",
    "I": "ˈaɪ", "J": "dʒˈeɪ", "K": "kˈeɪ", "L": "ˈɛl", "M": "ˈɛm", "N": "ˈɛn", "O": "ˈoʊ", "P": "pˈiː",
    "Q": "kjˈuː", "R": "ˈɑːɹ", "S": "ˈɛs", "T": "tˈiː", "U": "jˈuː", "V": "vˈiː", "W": "dˈʌbəljˌuː", "X": "ˈɛks",
    "Y": "wˈaɪ", "Z": "zˈiː",
}  # fmt: skip
# Where CMUdict's first pronunciation is not the usual one, or is missing.
_OURS = {
    "idea": "aɪdˈiə", "ideas": "aɪdˈiəz", "without": "wɪðˈaʊt", "even": "ˈiːvən", "really": "ɹˈiəli",
    "real": "ɹˈiːəl", "every": "ˈɛvɹi", "different": "dˈɪfɹənt", "difference": "dˈɪfɹəns", "perfect": "pˈɜːfɛkt",
    "increase": "ˈɪŋkɹiːs", "increases": "ˈɪŋkɹiːsᵻz", "subject": "sˈʌbdʒɛkt", "record": "ɹˈɛkɚd",
    "sometimes": "sˈʌmtaɪmz", "because": "bɪkˈʌz", "enough": "ɪnˈʌf", "beautiful": "bjˈuːɾifəl",
    "interest": "ˈɪntɹɛst", "interesting": "ˈɪntɹɛstɪŋ", "o'clock": "əklˈɑːk", "oh": "ˈoʊ", "miz": "mˈɪz",
    "mr": "mˈɪstɚ", "mrs": "mˈɪsᵻz", "dr": "dˈɑːktɚ", "ms": "mˈɪz", "eighteen": "ˈeɪtiːn", "sixteen": "sˈɪkstiːn",
    "someone": "sˈʌmwʌn", "hundred": "hˈʌndɹɪd", "always": "ˈɔːlweɪz", "tomorrow": "təmˈɑːɹoʊ", "beyond": "bᵻjˈɔnd",
    "probably": "pɹˈɑːbəbli", "library": "lˈaɪbɹɛɹi", "zero": "zˈiəɹoʊ", "program": "pɹˈoʊɡɹæm", "software": "sˈɔftwɛɹ",
    "thirty": "θˈɜːɾi",
    "colon": "kˈoʊlən", "read": "ɹˈiːd",
    "live": "lˈɪv", "on": "ˈɔn", "dog": "dˈɑːɡ", "email": "ˈiːmeɪl", "online": "ˈɔnlaɪn",
}  # fmt: skip
_PIECE = re.compile(r"[A-Za-z']+|[\ue000-\uf8ff]|[,.;:!?]")
_VOICELESS = ("p", "t", "k", "f", "θ")
_HISSING = ("s", "z", "ʃ", "ʒ")


def known(word: str) -> bool:
    """True for a lower-case word that needs no guessing."""
    return word in _OURS or dictionary.look_up(word) is not None


@lru_cache(maxsize=20_000)
def alone(word: str) -> str:
    """Phonemes of one word outside any sentence: lower case, or a single capital for a letter's name."""
    if word in _LETTERS:
        return _LETTERS[word]
    word = word if word[:1] in _LETTERS and word[1:] == "'s" else word.lower()
    if len(word) == 3 and word[0] in _LETTERS and word.endswith("'s"):
        return _with_s(_LETTERS[word[0]])
    bare = word.strip("'")
    return _OURS.get(word) or dictionary.look_up(word) or _derived(bare) or spelling.guess(bare)


def _derived(word: str) -> str | None:
    """A possessive, or two known words written as one ("webpage"); None when neither fits."""
    if word.endswith("'s") and len(word) > 2:
        return _with_s(alone(word[:-2]))
    for cut in range(len(word) - 4, 3, -1):
        if known(word[:cut]) and known(word[cut:]):
            return alone(word[:cut]) + alone(word[cut:]).replace("ˈ", "ˌ")
    return None


def _with_s(form: str) -> str:
    if form.endswith(_HISSING):
        return form + "ᵻz"
    return form + ("s" if form.endswith(_VOICELESS) else "z")


def said(text: str, fixed: Mapping[str, str] | None = None) -> str:
    """Phonemes of normalised text with its punctuation, such as "həlˈoʊ, wˈɜːld.".

    Args:
        fixed: phonemes of private-use characters that stand in the text for words said another way.
    """
    given = fixed or {}
    out: list[str] = []
    clause: list[str] = []
    for piece in _PIECE.findall(text):
        if piece in ",.;:!?":
            out += _clause(clause, given)
            clause = []
            if out and out[-1][-1] not in ",.;:!?":
                out[-1] += piece
        else:
            clause.append(piece)
    return " ".join([*out, *_clause(clause, given)])


def _clause(words: list[str], given: Mapping[str, str]) -> list[str]:
    places = {place: given[word] for place, word in enumerate(words) if word in given}
    return weak_forms.connected(words, lambda word: given.get(word) or alone(word), places)
