"""The shipped script: every sound early, in the order that the rule gives, texts that a mouth can say."""

import re
from collections import Counter

import pytest

from voices.prompts.order import coverage, order, units
from voices.prompts.script import USABLE_AFTER, languages, script

ENGLISH = script("en")
assert ENGLISH is not None
PHONES = [prompt.phones for prompt in ENGLISH.prompts]


def test_the_file_is_in_the_order_that_the_rule_gives() -> None:
    shuffled = {prompt.text: prompt.phones for prompt in sorted(ENGLISH.prompts, key=lambda prompt: prompt.text)}
    assert order(shuffled) == [prompt.text for prompt in ENGLISH.prompts]


@pytest.mark.parametrize(
    ("count", "phones", "pairs"), [(5, 1.0, 0.15), (10, 1.0, 0.3), (30, 1.0, 0.65), (60, 1.0, 0.88)]
)
def test_whoever_stops_early_has_said_most_of_it(count: int, phones: float, pairs: float) -> None:
    had = coverage(PHONES[:count], PHONES)
    assert had[0] >= phones
    assert had[1] >= pairs


def test_the_order_beats_a_chance_order_at_every_stop() -> None:
    by_text = [prompt.phones for prompt in sorted(ENGLISH.prompts, key=lambda prompt: prompt.text)]
    for count in USABLE_AFTER:
        assert coverage(PHONES[:count], PHONES)[1] > coverage(by_text[:count], PHONES)[1]


def test_every_sound_of_english_is_heard_often_enough() -> None:
    heard = Counter(phone for phones in PHONES for phone in phones)
    assert len(heard) == 39
    assert min(heard.values()) >= 10


def test_prompts_are_short_sentences_with_ids_of_their_own() -> None:
    assert len(ENGLISH.prompts) >= 100
    assert len({prompt.id for prompt in ENGLISH.prompts}) == len({prompt.text for prompt in ENGLISH.prompts})
    for prompt in ENGLISH.prompts:
        assert re.fullmatch(r"en-\d{3}", prompt.id)
        assert prompt.text[-1] in ".?!"
        assert 4 <= len(prompt.text.split()) <= 16


def test_a_script_is_found_by_any_tag_of_its_language() -> None:
    assert script("en-GB") == ENGLISH
    assert script("xx") is None
    assert languages() == ("en",)
    first = ENGLISH.prompts[0]
    assert ENGLISH.find(first.id) == first
    assert ENGLISH.find("en-999") is None


def test_the_rule_prefers_new_sounds_and_counts_edges() -> None:
    sentences = {"a": ("A", "B"), "b": ("A", "B", "A", "B"), "c": ("C", "D", "E", "F")}
    assert order(sentences)[0] == "c"
    assert units(("A",)) == Counter({("A",): 1, ("-", "A"): 1, ("A", "-"): 1})
