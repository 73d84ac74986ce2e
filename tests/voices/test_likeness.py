"""Cosines of embeddings: same, opposite, in part."""

import numpy as np
import pytest

from voices.likeness import consistency, own_speech

RNG = np.random.default_rng(3)


def around(direction: np.ndarray, count: int, spread: float) -> np.ndarray:
    noise = RNG.standard_normal((count, direction.size)) * spread
    return (direction + noise).astype(np.float32)


def test_the_same_voice_is_near_one_and_another_near_zero() -> None:
    one, other = np.eye(64, dtype=np.float32)[:2]
    takes = around(one, 8, 0.05)
    assert consistency(around(one, 1, 0.05)[0], takes) > 0.9
    assert consistency(other, takes) < 0.3
    assert consistency(-one, takes) < -0.9


def test_length_does_not_matter() -> None:
    takes = around(np.ones(16, np.float32), 4, 0.1)
    assert consistency(takes[0] * 100, takes) == pytest.approx(consistency(takes[0], takes), abs=1e-6)


def test_the_share_of_windows_that_are_the_speakers() -> None:
    one, other = np.eye(64, dtype=np.float32)[:2]
    windows = np.concatenate([around(one, 3, 0.02), around(other, 1, 0.02)])
    assert own_speech(windows, one, 0.5) == 0.75
    assert own_speech(np.zeros((4, 64), np.float32), one, 0.5) == 0.0
