"""The exact search for an alignment, against trying every one, and what it knows of silence."""

import itertools

import numpy as np
import pytest
import torch

from synthesis.training.flat_start import best_paths
from synthesis.tts import alignment, symbols

PAUSE, SOUND = symbols.ID_OF[" "], symbols.ID_OF["a"]


def total(table: np.ndarray, counts: np.ndarray, typical: np.ndarray) -> float:
    """What a path is worth: chances of its frames, less what its lengths cost."""
    owner = np.repeat(np.arange(len(counts)), counts)
    costs = [np.log(n / usual) ** 2 / (2 * 0.5**2) for n, usual in zip(counts, typical, strict=True) if usual]
    return float(table[np.arange(len(owner)), owner].sum() - sum(costs))


def best_of_all(table: np.ndarray, typical: np.ndarray) -> float:
    """The best over every way to cut L frames into N runs."""
    frames, units = table.shape
    cuts = itertools.combinations(range(1, frames), units - 1)
    return max(total(table, np.diff([0, *cut, frames]), typical) for cut in cuts)


@pytest.mark.parametrize("typical", [[0, 0, 0, 0], [0, 3, 2, 0], [2, 2, 2, 2]])
@pytest.mark.parametrize("seed", range(6))
def test_durations_are_the_best_of_all(seed: int, typical: list[float]) -> None:
    table = np.random.default_rng(seed).normal(size=(9, 4)).astype(np.float32)
    counts = alignment.durations(table, np.array(typical, float))
    assert counts.sum() == 9
    assert counts.min() >= 1
    assert total(table, counts, np.array(typical)) == pytest.approx(best_of_all(table, np.array(typical)), rel=1e-5)


def test_durations_refuse_more_units_than_frames() -> None:
    with pytest.raises(ValueError, match="cannot lie"):
        alignment.durations(np.zeros((2, 3), np.float32))


def test_durations_refuse_what_sounds_alone_cannot_fill() -> None:
    with pytest.raises(ValueError, match="cannot fill"):
        alignment.durations(np.zeros((400, 2), np.float32), np.array([9.0, 9.0]))


def test_many_paths_at_once_equal_one_at_a_time() -> None:
    dice = np.random.default_rng(2)
    tables = [dice.normal(size=(n, m)).astype(np.float32) for n, m in ((9, 4), (14, 9), (20, 3))]
    for one, many in zip(tables, best_paths(tables), strict=True):
        assert (alignment.durations(one) == many).all()


def test_unit_means_weigh_frames_within_each_unit() -> None:
    values, weights = np.array([1, 3, 10, 20], np.float32), np.array([1, 3, 1, 1], np.float32)
    assert alignment.unit_means(values, weights, np.array([2, 2])).tolist() == [2.5, 15.0]


def pausing(quiet_from: int, quiet_to: int, frames: int = 90) -> torch.Tensor:
    """A recording (L, 100) that hums, but for one stretch that is as quiet as a noisy room."""
    mel = torch.zeros(frames, 100)
    mel[quiet_from:quiet_to] = -2.6
    return mel


def test_silence_is_what_lies_near_the_floor_for_long_enough() -> None:
    assert np.flatnonzero(alignment.silent(pausing(30, 60))).tolist() == list(range(31, 59))  # loudness is smoothed
    assert not alignment.silent(pausing(30, 35)).any()  # a stop's closure


def test_a_silence_goes_to_the_pause_even_when_the_aligner_says_otherwise() -> None:
    units, chance = np.array([SOUND, PAUSE, SOUND]), np.full((90, 3), -3.0, np.float32)
    chance[:30, 0] = chance[30:, 2] = -0.1  # the pause within the second sound, as it says
    counts, _ = alignment.align(chance, units, pausing(30, 60))
    assert counts.tolist() == pytest.approx([30, 30, 30], abs=2)
    assert alignment.durations(chance).tolist() == [30, 1, 59]


def test_no_sound_shrinks_to_a_frame_beside_one_that_lasts() -> None:
    units, chance = np.array([PAUSE, SOUND, SOUND, PAUSE]), np.full((90, 4), -3.0, np.float32)
    chance[:, 1] = -2.9  # hardly likelier than the next
    counts, _ = alignment.align(chance, units, pausing(0, 20))
    assert counts[1:3].min() > 20  # without a usual length: 69 and 1
