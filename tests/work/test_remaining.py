"""What is left is told from the pace that was seen, and from that alone."""

from __future__ import annotations

import pytest

from work.remaining import Remaining


def told(*shares: tuple[float, float]) -> list[float | None]:
    """What is told at each time (s) of a share done."""
    times = iter([at for at, _ in shares])
    remaining = Remaining(lambda: next(times))
    return [remaining(done) for _, done in shares]


def test_the_rest_takes_as_long_as_its_share():
    assert told((0, 0.0), (10, 0.25), (30, 0.5), (50, 1.0)) == [None, 30, 30, 0]


def test_who_takes_up_the_work_of_another_is_judged_by_its_own_pace():
    assert told((100, 0.6), (110, 0.8))[-1] == pytest.approx(10)


def test_before_something_is_seen_nothing_is_told():
    assert told((0, 0.0), (5, 0.01)) == [None, None]
