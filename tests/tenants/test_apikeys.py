"""The text of an API key."""

from hypothesis import given
from hypothesis import strategies as st

from tenants import apikeys


def test_a_generated_key_is_well_formed_and_unlike_the_next():
    first, second = apikeys.generate(live=True), apikeys.generate(live=False)
    assert apikeys.well_formed(first)
    assert apikeys.well_formed(second)
    assert first.startswith("cns_live_")
    assert second.startswith("cns_test_")
    assert first[9:] != second[9:]


@given(st.integers(0, 44), st.sampled_from(apikeys.ALPHABET))
def test_one_wrong_character_is_noticed_without_a_database(place: int, letter: str):
    key = apikeys.generate(live=True)
    changed = key[:place] + letter + key[place + 1 :]
    assert changed == key or not apikeys.well_formed(changed)
