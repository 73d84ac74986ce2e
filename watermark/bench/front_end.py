"""Fits the detector's one filter: least squares from log energies to the signs that were embedded.

The filter never sees a key: it learns what a symbol looks like through codecs, not which sign it has. It is
a data file of the codec (`front_end.npy`) and is only made anew when the field changes; people who are in
the fit should not be in the table.

Shapes: K symbol times, B bands, taps (17 frames, 17 cells).
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from watermark.bench.channels import CHANNELS
from watermark.bench.speech import Clip
from watermark.codec import frames
from watermark.codec.embed import embed
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import BANDS, NARROW, Pattern, place_of
from watermark.codec.payload import word_of

REACH = 8
SIDE = 2 * REACH + 1
RIDGE = 1e-2
RECORD = 0x5EED5EED5EED
# Delay in frames of 10 ms, measured once per channel.
LEARNT_ON = {
    "none": 0,
    "G.711 telephone": 0,
    "AMR-NB 12.2": 1,
    "AMR-NB 4.75": 1,
    "GSM full rate": 0,
    "Opus 12k": 0,
    "Opus 8k": 0,
    "noise 10 dB": 0,
    "PSTN / VoIP chain": 1,
}
WIDE = {"none", "Opus 12k", "noise 10 dB"}

Doubles = npt.NDArray[np.float64]


def equations(clip: Clip, channel: str, seed: int) -> tuple[Doubles, Doubles]:
    """Normal equations of one clip through one channel: (289, 289), (289,)."""
    rng = np.random.default_rng(seed)
    key = MarkKey(rng.bytes(32))
    made = embed(clip.samples, clip.rate_hz, key, RECORD, rng=lambda n: int(rng.integers(n)), choices=1)
    heard, rate_hz = CHANNELS[channel](made.samples, made.rate_hz)
    cells = frames.log_cells(frames.power(heard, rate_hz))
    cells = np.pad(cells - cells.mean(axis=0), ((REACH, REACH + 2), (REACH, REACH)), mode="edge")
    count = (len(cells) - SIDE - 4) // 2
    signs = Pattern(key).chips(place_of(made.salt, made.start), count).carrying(word_of(key, RECORD))
    patches = np.lib.stride_tricks.sliding_window_view(cells, (SIDE, SIDE))
    rows = 2 * np.arange(count) + LEARNT_ON[channel]
    left, right = np.zeros((SIDE * SIDE,) * 2), np.zeros(SIDE * SIDE)
    for band in range(BANDS if channel in WIDE and clip.rate_hz >= 16000 else NARROW):
        seen = patches[rows, 2 * band].reshape(count, -1).astype(np.float64)
        seen -= seen.mean(axis=1, keepdims=True)
        left += seen.T @ seen
        right += seen.T @ signs[:, band]
    return left, right


def fit(clips: Iterable[Clip], path: Path) -> None:
    """Fit on all clips and channels and write the filter, greatest tap 1."""
    left, right = np.zeros((SIDE * SIDE,) * 2), np.zeros(SIDE * SIDE)
    for seed, clip in enumerate(clips):
        for channel in LEARNT_ON:
            more_left, more_right = equations(clip, channel, seed)
            left += more_left / np.trace(more_left)  # every channel counts the same
            right += more_right / np.trace(more_left)
    left += RIDGE * np.trace(left) / len(left) * np.eye(len(left))
    kernel = np.linalg.solve(left, right).reshape(SIDE, SIDE)
    kernel -= kernel.mean()
    np.save(path, (kernel / np.abs(kernel).max()).astype(np.float32))
