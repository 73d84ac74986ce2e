"""A list of outputs: which of them a stretch of the pattern meets, and what the list costs."""

import numpy as np
import pytest

from watermark.codec.outputs import Output, Outputs
from watermark.codec.pattern import LENGTH, SYMBOL_S


@pytest.fixture
def outputs(key) -> Outputs:
    """Four hundred of 0.1 to 60 s, so crowded that every stretch meets some, two of them across the ring's end."""
    rng = np.random.default_rng(3)
    some = [Output(number, int(rng.integers(LENGTH)), float(rng.uniform(0.1, 60.0))) for number in range(398)]
    return Outputs.of(key, [*some, Output(398, LENGTH - 5, 30.0), Output(399, LENGTH - 1, 0.1)])


@pytest.mark.parametrize("place", [0, 3, 1400, 500_000, LENGTH - 400, LENGTH - 1])
def test_a_stretch_meets_the_outputs_that_share_a_symbol_with_it(outputs, place: int) -> None:
    stretch = {(place + step) % LENGTH for step in range(300)}
    rows = zip(outputs.records, outputs.places, outputs.symbols, strict=True)
    expected = {
        int(record) for record, first, count in rows
        if not stretch.isdisjoint((int(first) + step) % LENGTH for step in range(int(count)))
    }  # fmt: skip
    met = outputs.meeting(place, 300)
    assert set(met) == expected
    assert len(met) == len(expected)


def test_a_list_costs_every_symbol_time_at_which_it_could_be_met(key) -> None:
    outputs = Outputs.of(key, [Output(1, 100, 10 * SYMBOL_S), Output(2, 900, 20 * SYMBOL_S)])
    met = sum(len(outputs.meeting(place, 7)) for place in range(1000))
    assert outputs.hypotheses(7) == met + 2  # a stretch that touches from before or behind counts once more


def test_an_empty_list_meets_nothing(key) -> None:
    assert Outputs.of(key, []).meeting(5, 300) == []
