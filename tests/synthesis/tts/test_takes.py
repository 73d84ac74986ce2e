"""A person's takes as the model is to learn them."""

from __future__ import annotations

import numpy as np

from synthesis.tts import takes
from synthesis.tts.takes import Take

RATE = 24_000


def said(*parts_s: float) -> np.ndarray:
    """Buzz and the noise of a room in turn, so many seconds each, buzz first."""
    dice = np.random.default_rng(0)
    room = [0.004 * dice.standard_normal(int(length * RATE)) for length in parts_s]
    for number in range(0, len(room), 2):
        at = np.arange(len(room[number]))
        room[number] += 0.2 * sum(np.sin(2 * np.pi * 140 * k * at / RATE) / k for k in range(1, 20))
    return np.concatenate(room).astype(np.float32)


def test_who_hesitates_is_not_learned_with_it() -> None:
    whole = Take(said(1.0, 2.0, 1.0, 0.15, 1.0), [1])
    short = takes.unhesitating(whole)
    assert len(whole.samples) / RATE == 5.15
    assert abs(len(short.samples) / RATE - 3.4) < 0.1  # two seconds became a quarter; 0.15 stays
    assert np.array_equal(short.samples[: RATE // 2], whole.samples[: RATE // 2])
    assert np.array_equal(short.samples[-RATE:], whole.samples[-RATE:])
    assert short.ids == whole.ids


def test_who_speaks_on_is_left_alone() -> None:
    take = Take(said(2.0), [1])
    assert np.array_equal(takes.unhesitating(take).samples, take.samples)
