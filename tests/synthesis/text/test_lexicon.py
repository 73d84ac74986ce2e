"""A caller's own pronunciations."""

import pytest

from synthesis.tts.text import lexicon, phonemes
from synthesis.tts.text.errors import LexiconRefused, UnknownSound


def test_an_entry_replaces_what_would_have_been_said() -> None:
    assert phonemes("Call Nguyen now", lexicon={"nguyen": "wˈɪn"}) == "kˈɔːl wˈɪn nˈaʊ"


def test_the_longest_form_wins() -> None:
    book = {"new york": "nuːjˈɔːɹk", "york": "jˈoʊk", "new": "nˈaʊ"}
    assert phonemes("New York", lexicon=book) == "nuːjˈɔːɹk"


def test_a_capital_in_the_entry_asks_for_the_same_casing() -> None:
    book = {"Polish": "pˈoʊlɪʃ", "polish": "pˈɑːlɪʃ"}
    assert phonemes("Polish polish", lexicon=book) == "pˈoʊlɪʃ pˈɑːlɪʃ"


def test_words_are_whole_words() -> None:
    assert "kˈæt" not in phonemes("concatenate", lexicon={"cat": "kˈæt"})


def test_entries_may_hold_figures_and_signs() -> None:
    assert phonemes("Buy C3-PO", lexicon={"c3-po": "sˈiː"}) == "bˈaɪ sˈiː".replace("bˈaɪ", phonemes("Buy"))


def test_the_lexicon_ends_with_the_call() -> None:
    before = phonemes("Nguyen")
    phonemes("Nguyen", lexicon={"nguyen": "wˈɪn"})
    assert phonemes("Nguyen") == before


@pytest.mark.parametrize("said", ["p♥", "", "ˈ", ",", "a.b", "^a"])
def test_phonemes_outside_the_inventory_are_refused(said: str) -> None:
    with pytest.raises(UnknownSound) as refused:
        lexicon.check({"word": said})
    assert refused.value.facts["entry"] == "word"


@pytest.mark.parametrize("written", ["", "  ", "...", "x" * 101])
def test_written_forms_that_cannot_be_found_are_refused(written: str) -> None:
    with pytest.raises(LexiconRefused):
        lexicon.check({written: "a"})


def test_slashes_around_phonemes_are_taken_off() -> None:
    assert lexicon.checked_phonemes("/həlˈoʊ/") == "həlˈoʊ"


def test_stand_ins_cannot_be_smuggled_in_by_the_text() -> None:
    with_mark = phonemes("a \ue000 b", lexicon={"b": "wˈɪn"})
    assert with_mark.count("wˈɪn") == 1
