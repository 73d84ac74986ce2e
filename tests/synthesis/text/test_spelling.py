"""Words that no dictionary holds."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis.tts import symbols
from synthesis.tts.text import dictionary, english, spelling
from synthesis.tts.text.train_spelling import distance, is_kept_apart

NEW_WORDS = ["consonance", "blorptastic", "vocalight", "trumbly", "zanquist"]


@pytest.mark.parametrize("word", NEW_WORDS)
def test_a_new_word_gets_sounds_and_one_main_stress(word: str) -> None:
    said = spelling.guess(word)
    assert said.count("ˈ") == 1
    assert all(symbol in symbols.ID_OF for symbol in said)


@settings(deadline=None)  # the first call unpacks the dictionary
@given(st.text(alphabet=spelling.LETTERS[1:], min_size=1, max_size=90))
def test_any_letters_can_be_read(word: str) -> None:
    assert all(symbol in symbols.ID_OF for symbol in spelling.guess(word))


def test_words_kept_apart_are_read_as_well_as_the_card_says() -> None:
    stated = json.loads(spelling.FACTS.read_text(encoding="utf-8"))["kept_apart"]["symbol_error_rate"]
    entries = dictionary.entries()
    words = [word for word in entries if is_kept_apart(word)][::10]
    errors = sum(distance(spelling.guess(word), "".join(entries[word])) for word in words)
    measured = errors / sum(len("".join(entries[word])) for word in words)
    assert measured == pytest.approx(stated, abs=0.02)
    assert measured < 0.16


def test_possessives_and_compounds_come_from_known_words() -> None:
    assert english.alone("consonant's") == english.alone("consonant") + "s"
    assert dictionary.look_up("watermarkable") is None
    assert english.alone("voicebank").startswith(english.alone("voice"))


def test_every_word_is_found_and_nothing_between_them() -> None:
    entries = dictionary.entries()
    words = list(entries)
    assert words == sorted(words)
    for word in [*words[::500], words[0], words[-1]]:
        assert dictionary.look_up(word) == "".join(entries[word])
        assert dictionary.look_up(word + "qqq") is None
    assert dictionary.look_up("") is None
    assert dictionary.look_up("~") is None


def test_the_dictionary_speaks_only_the_inventory() -> None:
    said = {symbol for pieces in dictionary.entries().values() for piece in pieces for symbol in piece}
    assert said <= set(symbols.ID_OF)
