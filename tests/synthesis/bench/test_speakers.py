"""The arithmetic of the speaker check's error rates, on scores whose answer is known."""

import numpy as np
import pytest

from audio.clip import Clip
from synthesis.bench.speakers import Trials, draw, halves, interval


@pytest.fixture
def known() -> Trials:
    """Five people with two clips each; one pair of one person and one of two people lie on the wrong side."""
    pairs = np.array([(a, b) for a in range(5) for b in range(a)])
    other = np.linspace(0.0, 0.4, len(pairs))
    other[0] = 0.75
    same = np.array([0.8, 0.85, 0.9, 0.95, 0.3])
    return Trials(same, other, np.arange(5), pairs)


def test_rates_are_counted_on_the_right_sides(known: Trials) -> None:
    assert known.rates(0.7) == (0.1, 0.2)
    assert known.rates(-1.0) == (1.0, 0.0)
    assert known.rates(2.0) == (0.0, 1.0)


def test_the_threshold_keeps_its_false_matches(known: Trials) -> None:
    assert known.rates(known.threshold(0.0))[0] == 0.0
    assert known.rates(known.threshold(0.1))[0] <= 0.1
    assert known.rates(known.threshold(0.5))[0] <= 0.5


def test_equal_errors_of_parted_scores_are_none() -> None:
    parted = Trials(np.array([0.9, 0.8]), np.array([0.1, 0.2]), np.array([0, 1]), np.array([(0, 1), (0, 1)]))
    assert parted.equal()[0] == 0.0
    assert 0.2 < parted.equal()[1] <= 0.8


def test_intervals_hold_the_rates(known: Trials) -> None:
    match, miss = interval(known, 0.7)
    assert match[0] <= 0.1 <= match[1]
    assert miss[0] <= 0.2 <= miss[1]


def test_halves_share_nobody_and_do_not_hang_on_the_order() -> None:
    people = {f"p{number}": [Clip(np.zeros(8, np.float32), 8_000)] * 2 for number in range(9)}
    one, two = halves(people)
    assert not set(one) & set(two)
    assert set(one) | set(two) == set(people)
    assert halves(dict(reversed(people.items())))[0].keys() == one.keys()


def test_the_plot_is_drawn(known: Trials) -> None:
    assert draw(known).size == (420, 420)
