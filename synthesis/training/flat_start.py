"""A first alignment from nothing: one Gaussian per symbol, re-aligned until it settles.

For giving the learned aligner its first targets: on a few hours of speech the forward-sum loss
alone did not leave the trivial solution within a thousand steps, this does in ten rounds. Its
boundaries are coarse and it is used for nothing else.

Shapes: L frames, N units, C cepstral channels.
Source: flat-start Viterbi training of hidden Markov models, Young et al., "The HTK Book".
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

from synthesis.training.data import Row, Shards
from synthesis.tts import symbols
from synthesis.tts.features import NARROW_MELS

ROUNDS = 12
GROUP = 64
_CEPSTRA = 16
_EDGE, _PAUSE = 20.0, 4.0  # frames a first guess gives to the ends and to a pause

Floats = NDArray[np.float32]


def cepstra(mel: Floats) -> Floats:
    """Cepstra and their slopes, (L, C), with the utterance's mean removed from all but loudness."""
    base = dct(mel[:, :NARROW_MELS], axis=1, norm="ortho")[:, :_CEPSTRA]
    base[:, 1:] -= base[:, 1:].mean(0)
    base[:, 0] -= np.quantile(base[:, 0], 0.9)
    ahead, behind = np.roll(base, -2, 0), np.roll(base, 2, 0)
    return np.concatenate([base, ahead - behind], 1).astype(np.float32)


def align(shards: Shards, rows: Sequence[Row]) -> dict[str, NDArray[np.int64]]:
    """Frames per unit of each row, by name. Unseen speakers are aligned but not learnt from."""
    rows = sorted((row for row in rows if row.units and row.units < row.frames), key=lambda row: row.frames)
    sounds = {row.name: shards.units_of(row)[:, 0] for row in rows}
    heard = {row.name: cepstra(shards.mel_of(row)) for row in rows}
    counts = {row.name: _first_guess(sounds[row.name], row.frames) for row in rows}
    learnt = [row.name for row in rows if row.split != "unseen"]
    for _ in range(ROUNDS):
        now = [counts[name] for name in learnt]
        means, variances = _estimate([sounds[name] for name in learnt], [heard[name] for name in learnt], now)
        for first in range(0, len(rows), GROUP):
            names = [row.name for row in rows[first : first + GROUP]]
            chances = [_log_chance(heard[n], means, variances)[:, sounds[n]] for n in names]
            counts.update(zip(names, best_paths(chances), strict=True))
    return counts


def _first_guess(sounds: NDArray[np.int64], frames: int) -> NDArray[np.int64]:
    """Edges and pauses short, the sounds alike."""
    weights = np.full(len(sounds), 8.0)
    weights[np.isin(sounds, list(symbols.PAUSE_IDS))] = _PAUSE
    weights[sounds == symbols.ID_OF[symbols.SPACE]] = 0.5
    weights[[0, -1]] = _EDGE
    ends = np.round(np.cumsum(weights) / weights.sum() * (frames - len(sounds))).astype(np.int64)
    return np.diff(ends, prepend=0) + 1


def _estimate(
    sounds: list[NDArray[np.int64]], heard: list[Floats], counts: list[NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    owner = np.concatenate([np.repeat(who, often) for who, often in zip(sounds, counts, strict=True)])
    frames = np.concatenate(heard).astype(np.float64)
    means = np.zeros((symbols.COUNT, frames.shape[1]))
    variances = np.ones_like(means)
    overall = frames.var(0)
    for symbol in np.unique(owner):
        own = frames[owner == symbol]
        means[symbol] = own.mean(0)
        variances[symbol] = (own.var(0) * len(own) + overall * 50) / (len(own) + 50)
    return means, np.maximum(variances, 0.05 * overall)


def _log_chance(heard: Floats, means: NDArray[np.float64], variances: NDArray[np.float64]) -> Floats:
    exact = heard.astype(np.float64)
    inverse = 1 / variances
    far = exact**2 @ inverse.T - 2 * exact @ (means * inverse).T + (means**2 * inverse + np.log(variances)).sum(1)
    return np.asarray(-0.5 * far, np.float32)


def best_paths(chances: Sequence[Floats]) -> list[NDArray[np.int64]]:
    """`alignment.durations` for many log chances (L, N) at once."""
    frames, units = max(len(c) for c in chances), max(c.shape[1] for c in chances)
    table = np.full((len(chances), frames, units), -1e9, np.float32)
    for place, chance in enumerate(chances):
        table[place, : chance.shape[0], : chance.shape[1]] = chance
    best = np.full((len(chances), units), -1e18)
    best[:, 0] = table[:, 0, 0]
    moved = np.zeros((frames, len(chances), units), bool)
    for frame in range(1, frames):
        arrive = np.pad(best[:, :-1], ((0, 0), (1, 0)), constant_values=-1e18)
        moved[frame] = arrive > best
        best = np.maximum(arrive, best) + table[:, frame]
    return [_back(moved[: len(c), place], c.shape[1]) for place, c in enumerate(chances)]


def _back(moved: NDArray[np.bool_], units: int) -> NDArray[np.int64]:
    counts = np.zeros(units, np.int64)
    unit = units - 1
    for frame in range(len(moved) - 1, -1, -1):
        counts[unit] += 1
        unit -= int(moved[frame, unit])
    return counts
