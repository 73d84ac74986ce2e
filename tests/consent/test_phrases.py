"""Challenge phrases: many, fair, sayable, and honest about how many."""

import math
import random
from itertools import combinations

import pytest

from consent.errors import LocaleUnknown
from consent.phrase_check import words_of
from consent.phrases import LEAST_BITS, Slots, draw, draw_from, locales, slots_of


def test_there_are_words_for_the_first_five_languages():
    assert locales() == ("de", "en", "es", "fr", "zh")


@pytest.mark.parametrize("locale", ["de", "en", "es", "fr", "zh"])
def test_a_phrase_has_forty_bits_of_choice(locale):
    slots = slots_of(locale)
    product = math.prod(len(words) for words in slots.slots.values())
    assert product >= 2**LEAST_BITS
    assert slots.bits == pytest.approx(math.log2(product))


@pytest.mark.parametrize("locale", ["de", "en", "es", "fr", "zh"])
def test_every_word_of_a_slot_has_the_same_chance(locale):
    asked: list[int] = []

    def last(size: int) -> int:
        asked.append(size)
        return size - 1

    phrase = draw(locale, last)
    slots = slots_of(locale).slots
    assert asked == [len(words) for words in slots.values()]
    assert all(words[-1].lower() in phrase.text.lower() for words in slots.values())


def test_two_phrases_are_never_the_same():
    drawn = {draw("en").text for _ in range(1_000)}
    assert len(drawn) == 1_000  # 2**42 sentences: a twin among a thousand has a chance of one in nine million


def test_no_sentence_repeats_a_word_and_none_is_long():
    for locale in ("de", "en", "es", "fr"):
        for seed in range(200):
            text = draw(locale, random.Random(seed).randrange).text
            assert 8 <= len(text.split()) <= 17, text
            assert len(text) <= 140
            assert text[0].isupper()


def test_english_words_of_one_slot_sound_different():
    from pocketsphinx import Decoder

    dictionary = Decoder(lm=None, loglevel="FATAL")
    for name, words in slots_of("en").slots.items():
        sounds = {word: dictionary.lookup_word(word) for word in words}
        assert all(sounds.values()), [word for word, found in sounds.items() if not found]
        for one, other in combinations(words, 2):
            assert _distance(sounds[one].split(), sounds[other].split()) >= 2, (name, one, other)


def test_a_demonstration_draws_from_its_list_and_says_how_few_there_are():
    phrase = draw_from(["One sentence here.", "Another one.", "Another one."], "en", random.Random(1).randrange)
    assert phrase.text in {"One sentence here.", "Another one."}
    assert phrase.bits == 1.0
    with pytest.raises(ValueError, match="two"):
        draw_from(["Only one.", "Only one."], "en")


def test_too_few_words_stop_the_program():
    with pytest.raises(ValueError, match="few"):
        Slots("en", "{a} {b}.", {"a": ("one", "two"), "b": ("three", "four")})
    with pytest.raises(ValueError, match="twice"):
        Slots("en", "{a}.", {"a": ("one", "one")})


def test_an_unknown_language_is_refused_with_the_known_ones():
    with pytest.raises(LocaleUnknown) as refused:
        draw("tlh")
    assert refused.value.facts["known"] == ["de", "en", "es", "fr", "zh"]


def test_words_are_read_without_case_and_punctuation():
    assert words_of("It's Philip’s -- lop-ear, ETC.") == ["it's", "philip's", "lop", "ear", "etc"]


def _distance(a: list[str], b: list[str]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, left = [i, *row[1:]], row
        for j, y in enumerate(b, 1):
            row[j] = min(left[j] + 1, row[j - 1] + 1, left[j - 1] + (x != y))
    return row[-1]
