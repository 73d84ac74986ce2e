"""Phoneme numbers: Piper's table, and how marks fold into sounds."""

import pytest

from synthesis.tts import symbols

# From the phoneme_id_map of Piper's en_US voices.
PIPER = {"_": 0, "^": 1, "$": 2, " ": 3, "a": 14, "ɐ": 50, "ɹ": 88, "ˈ": 120, "ː": 122, "θ": 126, "ᵻ": 128, "0": 130}


def test_numbers_are_those_of_piper() -> None:
    assert {symbol: symbols.ID_OF[symbol] for symbol in PIPER} == PIPER


def test_ids_put_blanks_between_and_mark_both_ends() -> None:
    assert symbols.ids("hə") == [1, 0, 20, 0, 59, 0, 2]


def test_ids_leave_out_the_linking_sign() -> None:
    assert symbols.ids("nʲə") == symbols.ids("nə")


@pytest.mark.parametrize(("phonemes", "position"), [("a😀", 1), ("^a", 0), ("ab_", 2)])
def test_ids_refuse_what_has_no_number(phonemes: str, position: int) -> None:
    with pytest.raises(symbols.UnknownSymbol) as refused:
        symbols.ids(phonemes)
    assert refused.value.position == position


def test_phonemes_reads_ids_back() -> None:
    assert symbols.phonemes(symbols.ids("həlˈoʊ, wˈɜːld.")) == "həlˈoʊ, wˈɜːld."


def test_units_carry_stress_forwards_and_length_backwards() -> None:
    start, w, er, end = symbols.units(symbols.ids("wˈɜː"))
    assert (start.base, end.base) == (1, 2)
    assert (w.before, w.after) == (0, 0)
    assert (er.before, er.after) == (symbols.ID_OF["ˈ"], symbols.ID_OF["ː"])


def test_units_carry_stress_over_a_space_to_the_next_sound() -> None:
    folded = symbols.units(symbols.ids("aˈ b"))
    assert [unit.before for unit in folded if unit.base == symbols.ID_OF["b"]] == [symbols.ID_OF["ˈ"]]


def test_units_drop_marks_with_nothing_to_carry_them() -> None:
    assert symbols.units(symbols.ids("ːˈ")) == [symbols.Unit(1, 0, 0), symbols.Unit(2, 0, 0)]
