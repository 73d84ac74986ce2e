"""The exact search for an alignment, against trying every one."""

import itertools

import numpy as np
import pytest
import torch

from synthesis.training.flat_start import best_paths
from synthesis.tts import aligner
from synthesis.tts.aligner import Aligner
from synthesis.tts.config import SIZES


def naive(table: np.ndarray) -> float:
    """The best total over every way to cut L frames into N runs."""
    frames, units = table.shape
    best = -np.inf
    for cuts in itertools.combinations(range(1, frames), units - 1):
        owner = np.searchsorted(cuts, np.arange(frames), side="right")
        best = max(best, float(table[np.arange(frames), owner].sum()))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_durations_are_the_best_of_all(seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=(9, 4)).astype(np.float32)
    counts = aligner.durations(table)
    assert counts.sum() == 9
    assert counts.min() >= 1
    assert aligner.score(table, counts) * 9 == pytest.approx(naive(table), rel=1e-5)


def test_durations_refuse_more_units_than_frames() -> None:
    with pytest.raises(ValueError, match="cannot lie"):
        aligner.durations(np.zeros((2, 3), np.float32))


def test_many_paths_at_once_equal_one_at_a_time() -> None:
    dice = np.random.default_rng(2)
    tables = [dice.normal(size=(n, m)).astype(np.float32) for n, m in ((9, 4), (14, 9), (20, 3))]
    for one, many in zip(tables, best_paths(tables), strict=True):
        assert (aligner.durations(one) == many).all()


def test_unit_means_weigh_frames_within_each_unit() -> None:
    values, weights = np.array([1, 3, 10, 20], np.float32), np.array([1, 3, 1, 1], np.float32)
    assert aligner.unit_means(values, weights, np.array([2, 2])).tolist() == [2.5, 15.0]


def test_padding_units_get_no_chance() -> None:
    torch.manual_seed(0)
    net = Aligner(SIZES["T"].aligner)
    units = torch.tensor([[[20, 0, 0], [59, 0, 0], [0, 0, 0]]])
    chance = net(units, torch.randn(1, 12, 100), units[..., 0] > 0)
    assert chance.exp()[..., 2].max() < 1e-6
    assert torch.allclose(chance.exp().sum(-1), torch.ones(1, 12), atol=1e-5)
