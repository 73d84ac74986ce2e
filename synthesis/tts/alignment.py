"""Which frames belong to which unit: the best path through what the aligner says, and what lies under it.

For training and enrolment. What the aligner says of each frame alone goes astray with people who speak slowly and
pause inside a sentence: on sentences of learners of English a silence of three seconds fell to one consonant and
every other sound got a single frame. So two things are said before the search: that silence belongs to pauses
(`informed`), and how long a sound usually lasts (`typical`).

Shapes: N units, L frames, M mel bands (100), D lengths that are tried.
Source: Viterbi search with explicit lengths, Levinson, "Continuously variable duration hidden Markov models", 1986.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

from synthesis.tts import features, symbols

_SILENCE_SHARE = 0.3  # of the way from a recording's floor to its speech, by loudness
_SILENCE_FRAMES = 8  # 85 ms: a stop's closure is shorter
_SOUND_IN_SILENCE, _PAUSE_IN_SILENCE, _PAUSE_IN_SPEECH = -3.0, -1.0, -2.0  # log chances: off, at least, off
_SPREAD = 0.5  # of the logarithm of a sound's length
_LONGEST = 160  # frames of one sound, 1.7 s
_PAUSES = np.array(sorted(symbols.PAUSE_IDS))

Floats = NDArray[np.float32]


def align(log_chance: Floats, units: NDArray[np.int64], mel: Tensor) -> tuple[NDArray[np.int64], float]:
    """Frames per unit (N,), each at least 1, and the path's `score`.

    Args:
        log_chance: what the aligner says, (L, N).
        units: the base symbol of each unit, (N,).
        mel: the recording, (L, M).

    Raises:
        ValueError: more units than frames.
    """
    quiet, sounds = silent(mel), ~np.isin(units, _PAUSES)
    chance = informed(log_chance, sounds, quiet, mel)
    counts = durations(chance, np.where(sounds, max(1.0, (~quiet).sum() / max(1, sounds.sum())), 0.0))
    return counts, score(chance, counts)


def silent(mel: Tensor) -> NDArray[np.bool_]:
    """Frames (L,) in which nobody speaks, whatever the noise of the room: near the floor for 85 ms or longer."""
    loud = _loudness(mel)
    floor, speech = np.quantile(loud, [0.05, 0.8])
    quiet = loud < floor + _SILENCE_SHARE * (speech - floor)
    edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False))
    for first, end in edges.reshape(-1, 2):
        quiet[first:end] = end - first >= _SILENCE_FRAMES
    return quiet


def informed(log_chance: Floats, sounds: NDArray[np.bool_], quiet: NDArray[np.bool_], mel: Tensor) -> Floats:
    """Log chances (L, N) that know silence: sounds (N,) lose in it, pauses lose in the louder half of the frames."""
    chance, loud = log_chance.copy(), _loudness(mel)
    loud_half = loud > np.median(loud)
    chance[np.ix_(quiet, sounds)] += _SOUND_IN_SILENCE
    chance[np.ix_(quiet, ~sounds)] = np.maximum(chance[np.ix_(quiet, ~sounds)], _PAUSE_IN_SILENCE)
    chance[np.ix_(loud_half, ~sounds)] += _PAUSE_IN_SPEECH
    return chance


def _loudness(mel: Tensor) -> NDArray[np.float64]:
    loud = features.energy(mel).double().numpy()
    return np.convolve(np.pad(loud, 1, mode="edge"), np.full(3, 1 / 3), "valid")


def durations(log_chance: Floats, typical: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
    """The best monotonic path: frames per unit (N,), each at least 1, from log chances (L, N).

    Args:
        log_chance: of each unit at each frame.
        typical: frames that each unit usually lasts (N,): lengths are spread around it by a normal law of their
            logarithm, up to 1.7 s; 0, as without it, makes every length alike.

    Raises:
        ValueError: more units than frames, or sounds and no pause that fills what they leave.
    """
    frames, units = log_chance.shape
    if units > frames:
        raise ValueError(f"{units} units cannot lie in {frames} frames")
    typical = np.zeros(units) if typical is None else typical
    total = np.concatenate([np.zeros((1, units)), np.cumsum(log_chance, 0, dtype=np.float64)])
    best = np.full(frames + 1, -np.inf)  # of the units so far, by the frame at which they end
    best[0] = 0.0
    began = np.zeros((units, frames + 1), np.int64)
    for unit in range(units):
        start = best - total[:, unit]
        found, began[unit] = _after(start, _costs(typical[unit])) if typical[unit] else _after_any(start)
        best = found + total[:, unit]
    if not np.isfinite(best[-1]):
        raise ValueError(f"{units} sounds cannot fill {frames} frames")
    return _walked_back(began)


def _costs(typical: float) -> NDArray[np.float64]:
    """Cost (D,) of lasting 1, 2, ... frames."""
    return np.log(np.arange(1, _LONGEST + 1) / typical) ** 2 / (2 * _SPREAD**2)


def _after(start: NDArray[np.float64], costs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The best end at each frame (L + 1,) and where it began, when lengths cost something."""
    lengths = len(costs)
    padded = np.concatenate([np.full(lengths, -np.inf), start[:-1]])
    reached = sliding_window_view(padded, lengths) - costs[::-1]
    chosen = reached.argmax(1)
    ends = np.arange(len(start))
    return reached[ends, chosen], np.maximum(ends - lengths + chosen, 0)


def _after_any(start: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """As `_after`, when every length is alike: the best start so far."""
    best = np.concatenate([[-np.inf], np.maximum.accumulate(start[:-1])])
    fresh = np.concatenate([[False], start[:-1] >= best[1:]])
    return best, np.concatenate([[0], np.maximum.accumulate(np.where(fresh[1:], np.arange(len(start) - 1), 0))])


def _walked_back(began: NDArray[np.int64]) -> NDArray[np.int64]:
    units, end = began.shape[0], began.shape[1] - 1
    counts = np.zeros(units, np.int64)
    for unit in range(units - 1, -1, -1):
        counts[unit] = end - began[unit, end]
        end = began[unit, end]
    return counts


def score(log_chance: Floats, counts: NDArray[np.int64]) -> float:
    """Mean log chance per frame along a path; near 0 is certain, below -2.5 rarely the right text."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return float(log_chance[np.arange(len(owner)), owner].mean())


def unit_means(values: Floats, weights: Floats, counts: NDArray[np.int64]) -> Floats:
    """Weighted mean of frame values (L,) over each unit of `counts` (N,) frames."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(int)
    total = np.add.reduceat(values * weights, starts)
    return np.asarray(total / np.maximum(np.add.reduceat(weights, starts), 1e-6), np.float32)
