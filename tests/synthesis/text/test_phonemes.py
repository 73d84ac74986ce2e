"""From text to phonemes in the voice's symbols."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthesis.tts import symbols
from synthesis.tts.text import phonemes, prepare, sentences
from synthesis.tts.text.errors import LanguageNotSpoken, NothingToSay, ScriptTooLong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, world!", "həlˈoʊ, wˈɜːld!"),
        ("the end of the day", "ðɪ ˈɛnd ʌvðə dˈeɪ"),
        ("I want to eat it.", "ˈaɪ wˈɔnt tʊ ˈiːt ɪt."),
        ("Water, better, button, written", "wˈɔːɾɚ, bˈɛɾɚ, bˈʌʔn̩, ɹˈɪʔn̩"),
        ("roses wanted about", "ɹˈoʊzᵻz wˈɔntᵻd ɐbˈaʊt"),
        ("her eyes", "hɜːɹ ˈaɪz"),
        ("A B C", "ˈeɪ bˈiː sˈiː"),
        ("the thing's cat's bus's", "ðə θˈɪŋz kˈæts bˈʌsᵻz"),
    ],
)
def test_well_known_words(text: str, said: str) -> None:
    assert phonemes(text) == said


@settings(deadline=None)  # the first call unpacks the dictionary
@given(st.text(max_size=60))
def test_every_text_comes_out_in_the_inventory_or_is_nothing(text: str) -> None:
    try:
        said = phonemes(text)
    except NothingToSay:
        return
    assert all(symbol in symbols.ID_OF for symbol in said)
    assert symbols.units(symbols.ids(said))


@pytest.mark.parametrize("text", ["", "   ", "...", "😀", "!?", "\ue000"])
def test_nothing_to_say_is_said_to_be_so(text: str) -> None:
    with pytest.raises(NothingToSay):
        prepare(text)


def test_too_much_text_is_refused() -> None:
    with pytest.raises(ScriptTooLong) as refused:
        prepare("a " * 10_001)
    assert refused.value.facts["limit"] == 20_000


@pytest.mark.parametrize("language", ["fr", "xx", ""])
def test_other_languages_are_refused(language: str) -> None:
    with pytest.raises(LanguageNotSpoken):
        prepare("bonjour", language=language)


def test_sentences_become_utterances_that_end() -> None:
    parts = prepare("First one. Is it? Yes it is").parts
    assert [part.text for part in parts] == ["first one.", "is it?", "yes it is"]
    assert [part.phonemes[-1] for part in parts] == [".", "?", "."]


def test_a_paragraph_brings_a_pause() -> None:
    assert [part.pause_s > 0 for part in prepare("One.\n\nTwo.\nThree.").parts] == [True, False, False]


@settings(deadline=None)  # the first call unpacks the dictionary
@given(st.text(alphabet="ab ,.", min_size=1, max_size=900))
def test_no_sentence_is_too_long_and_no_word_is_lost(text: str) -> None:
    split = sentences.split(text)
    assert all(len(part) <= sentences.LONGEST for part, _ in split)
    assert "".join("".join(part.split()) for part, _ in split) == "".join(text.split())


HARD = ("1", "a.", "A.", "1-", "a@", "a-", "555-", "1/", "aB", "a1", "St ", "1:", " ,", " ", "\n ", "'")


@pytest.mark.parametrize("piece", HARD)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * 20_000)[:20_000]
    began = time.process_time()
    with contextlib.suppress(NothingToSay):
        prepare(text)
    assert time.process_time() - began < 3


def test_a_large_lexicon_costs_little() -> None:
    book = {f"name{number}": "nˈeɪm" for number in range(10_000)}
    prepare("name7", lexicon=book)
    began = time.process_time()
    assert "nˈeɪm" in prepare("hello name9999 " * 500, lexicon=book).parts[0].phonemes
    assert time.process_time() - began < 2
