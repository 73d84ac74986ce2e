"""How long the first window is: short for who is alone, longer where sound comes slowly."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from audio.encode import Format
from synthesis.streams.windows import FIRST_S, MOST_S, Encoder

RATE_HZ = 24_000


def lengths(first_after_s: float) -> list[float]:
    """Of the windows of three seconds that come in pieces of a tenth, the first of them late."""

    def chunks() -> Iterator[np.ndarray]:
        time.sleep(first_after_s)
        for _ in range(30):
            yield np.zeros(RATE_HZ // 10, np.float32)

    return [window.length_s for window in Encoder(Format.PCM, RATE_HZ).windows(chunks())]


def test_sound_that_comes_at_once_begins_at_once():
    made = lengths(0.0)
    assert made[0] == pytest.approx(FIRST_S, abs=0.1)
    assert sum(made) == pytest.approx(3.0)


def test_who_had_to_wait_is_given_more_before_it_begins():
    assert lengths(0.3)[0] >= 0.6


def test_no_window_is_longer_than_a_withdrawal_may_wait():
    made = lengths(0.8)
    assert made[0] == pytest.approx(MOST_S, abs=0.05)
    assert max(made) <= MOST_S
