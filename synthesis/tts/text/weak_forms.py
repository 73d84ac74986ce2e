"""How little English words shrink in a sentence.

"To" is not said as the dictionary spells it, and "of the" is one word to the ear. The table holds
the form in the middle of a clause; at its end most of these words get their stress back. The choice
of symbols and of what runs together follows espeak's American English, measured over read and
spoken sentences (see the agreement figures in the package's docstring).
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Form inside a clause. A word that is not here keeps the dictionary's form.
INSIDE = {
    "a": "ɐ", "an": "ɐn", "the": "ðə", "to": "tə", "of": "ʌv", "and": "ænd", "i": "ˈaɪ", "you": "juː", "it": "ɪt",
    "was": "wʌz", "he": "hiː", "is": "ɪz", "in": "ɪn", "that": "ðæt", "his": "hɪz", "they": "ðeɪ", "this": "ðɪs",
    "with": "wɪð", "not": "nˌɑːt", "but": "bˌʌt", "for": "fɔːɹ", "had": "hæd", "she": "ʃiː", "be": "biː",
    "me": "mˌiː", "at": "æt", "we": "wiː", "have": "hæv", "what": "wʌt", "my": "maɪ", "are": "ɑːɹ", "her": "hɜː",
    "were": "wɜː", "him": "hˌɪm", "as": "æz", "will": "wɪl", "on": "ˌɔn", "so": "sˌoʊ", "can": "kæn", "would": "wʊd",
    "them": "ðˌɛm", "it's": "ɪts", "its": "ɪts", "there": "ðɛɹ", "up": "ˌʌp", "could": "kʊd", "about": "ɐbˌaʊt",
    "get": "ɡɛt", "go": "ɡˌoʊ", "if": "ɪf", "your": "jʊɹ", "how": "hˌaʊ", "going": "ɡˌoʊɪŋ", "who": "hˌuː",
    "by": "baɪ", "us": "ˌʌs", "from": "fɹʌm", "or": "ɔːɹ", "make": "mˌeɪk", "made": "mˌeɪd", "why": "wˌaɪ",
    "than": "ðɐn", "their": "ðɛɹ", "should": "ʃˌʊd", "over": "ˌoʊvɚ", "when": "wɛn", "into": "ˌɪntʊ",
    "down": "dˌaʊn", "that's": "ðæts", "our": "ˌaʊɚ", "am": "æm", "where": "wˌɛɹ", "before": "bᵻfˌɔːɹ",
    "already": "ɔːlɹˌɛdi", "any": "ˌɛni", "some": "sˌʌm", "put": "pˌʊt", "without": "wɪðˌaʊt", "upon": "əpˌɑːn",
    "has": "hæz", "been": "bɪn", "which": "wˌɪtʃ", "because": "bɪkˈʌz", "i'm": "aɪm", "i'll": "aɪl", "i've": "aɪv",
    "i'd": "aɪd", "you're": "jʊɹ", "we're": "wɪɹ", "they're": "ðeɪɹ", "he's": "hiːz", "she's": "ʃiːz",
    "there's": "ðɛɹz", "what's": "wʌts", "don't": "dˈoʊnt", "does": "dʌz", "under": "ˌʌndɚ", "until": "ʌntˈɪl",
}  # fmt: skip
# Form at the end of a clause, where it is more than the form above with its stress back.
AT_END = {"a": "ˈeɪ", "to": "tuː", "you": "juː", "it": "ɪt", "of": "ʌv", "at": "æt", "is": "ɪz", "was": "wʌz",
          "me": "mˌiː", "him": "hˌɪm", "them": "ðˌɛm", "us": "ˌʌs", "her": "hɜː", "for": "fɔːɹ", "are": "ɑːɹ",
          "the": "ðə", "an": "ɐn", "with": "wɪð", "from": "fɹʌm"}  # fmt: skip
BEFORE_VOWEL = {"the": "ðɪ", "to": "tʊ", "it": "ɪɾ", "at": "æɾ", "for a": "fɚɹə"}
TOGETHER = {
    "of the": "ʌvðə", "in the": "ɪnðə", "there was": "ðɛɹwˈʌz", "on the": "ɔnðə", "was a": "wʌzɐ", "was the": "wʌzðə",
    "for the": "fɚðə", "for a": "fɚɹə", "for an": "fɚɹən", "from the": "fɹʌmðə", "out of": "ˌaʊɾəv", "of a": "əvə",
    "of an": "əvən", "no one": "nˈoʊwˈʌn", "did not": "dɪdnˈɑːt", "with the": "wɪððə", "had been": "hɐdbɪn",
    "not a": "nˌɑːɾə", "have been": "hɐvbɪn", "there are": "ðɛɹˈɑːɹ", "do not": "duːnˈɑːt", "that the": "ðætðə",
    "there were": "ðɛɹwˈɜː", "has been": "hˈæzbiːn", "there is": "ðɛɹˈɪz", "that a": "ðˌæɾə", "at a": "æɾə",
    "would have": "wˈʊdhæv", "should have": "ʃˈʊdhæv", "could have": "kˈʊdhæv", "must have": "mˈʌsthæv",
    "might have": "mˈaɪthɐv", "may have": "mˈeɪhɐv", "at once": "ɐtwˈʌns", "than a": "ðˌænə",
}  # fmt: skip
_VOWEL = re.compile(r"^[ˈˌ]?[aeiouɐɑæəɚɛɜɪᵻɔʊʌ]")
_FIRST_VOWEL = re.compile(r"[aeiouɐɑæəɚɛɜɪᵻɔʊʌ]")


def connected(words: list[str], say: Callable[[str], str], given: dict[int, str] | None = None) -> list[str]:
    """The words of one clause as they are said in it.

    Args:
        words: lower case, nothing but what can be looked up.
        say: the form of a word that stands alone.
        given: forms that somebody fixed, by place; they are neither shortened nor joined.

    Returns:
        Phonemes, one entry per spoken group: fewer entries than words where two run together.
    """
    fixed = given or {}
    said: list[str] = []
    place = 0
    while place < len(words):
        pair = " ".join(words[place : place + 2])
        if pair in TOGETHER and place not in fixed and place + 1 not in fixed:
            said.append(_joined(pair, words, place, say))
            place += 2
            continue
        said.append(fixed.get(place) or _single(words, place, say))
        place += 1
    return [_linked(group, after) for group, after in zip(said, [*said[1:], ""], strict=False)]


def _joined(pair: str, words: list[str], place: int, say: Callable[[str], str]) -> str:
    form = TOGETHER[pair]
    follows_vowel = place + 2 < len(words) and starts_with_vowel(say(words[place + 2]))
    return form[:-1] + "ɪ" if pair.endswith(" the") and follows_vowel else form


def _single(words: list[str], place: int, say: Callable[[str], str]) -> str:
    word = words[place]
    if place + 1 == len(words):
        return say(word) if len(words) == 1 else AT_END.get(word) or _stressed(word, say)
    form = INSIDE.get(word)
    if form and word in BEFORE_VOWEL and starts_with_vowel(INSIDE.get(words[place + 1]) or say(words[place + 1])):
        return BEFORE_VOWEL[word]
    return form or say(word)


def _stressed(word: str, say: Callable[[str], str]) -> str:
    form = INSIDE.get(word)
    if form is None:
        return say(word)
    bare = form.replace("ˌ", "").replace("ˈ", "")
    mark = form.find("ˌ") if "ˌ" in form else (first.start() if (first := _FIRST_VOWEL.search(bare)) else 0)
    return bare[:mark] + "ˈ" + bare[mark:]


def _linked(form: str, after: str) -> str:
    """Sound the r between "her" and "eyes"."""
    return form + "ɹ" if form.endswith(("ɚ", "ɜː")) and starts_with_vowel(after) else form


def starts_with_vowel(form: str) -> bool:
    """True for "ˈæpəl", false for "juː"."""
    return bool(_VOWEL.match(form))
