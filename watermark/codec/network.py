"""The small network behind the detector's filter: how much each patch of sound is to be believed.

The filter (`evidence.py`) weighs all patches alike. Speech, rooms and codecs are not alike everywhere: the network
looks at the surroundings of a patch and scales what the filter says there, or corrects it, so that the sum of all
patches says as much as it can. It was trained on other people's speech through channels (`bench/front_network.py`)
and never sees a key: what comes out is a function of the sound alone, so the p-value holds for it as for any other.

This is the reference, in numpy; `batch.py` is the same in torch. The weights are a data file of the codec that is used
only if it is the one this code was released with.

Shapes: L frames, B bands, D planes (channels of the network), n positions in one block.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from watermark.codec.pattern import BANDS

PLANES = 10  # what the network is shown of every patch
SPANS = ((1, 5), (2, 3), (4, 3))  # of the convolutions over time: distance of taps in frames, taps; over bands always 3
SHA256 = "1bb315f63241a1e2d7c5c3375ea8f45f746dac54efd353addb00875a12ec2c55"
FILE = Path(__file__).with_name("network.npz")
_SIDE = BANDS + 2  # a zero on either side of the bands, for convolutions that look beyond the edge
_BLOCK = 40  # frames at once: what a block needs stays in the cache of a processor

Floats = npt.NDArray[np.float32]


class WeightsChanged(RuntimeError):
    """The data file of the network is not the one this code was released with."""


@dataclass(frozen=True)
class Weights:
    """Kernels (out, in, taps, 3) and offsets (out,) of the convolutions, and of the last step (2, in) and (2,)."""

    kernels: tuple[Floats, ...]
    offsets: tuple[Floats, ...]
    last: Floats
    last_offset: Floats


def weights_from(data: bytes) -> Weights:
    """Weights out of the bytes of an .npz without pickles."""
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        kernels = tuple(held[f"kernel{layer}"].astype(np.float32) for layer in range(len(SPANS)))
        offsets = tuple(held[f"offset{layer}"].astype(np.float32) for layer in range(len(SPANS)))
        return Weights(kernels, offsets, held["last"].astype(np.float32), held["last_offset"].astype(np.float32))


@lru_cache(maxsize=1)
def released(file: Path = FILE) -> Weights:
    """The weights this code was released with.

    Raises:
        WeightsChanged: the file holds anything else.
    """
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise WeightsChanged(f"{file.name} is not the file this code was released with")
    return weights_from(data)


def listened(planes: Floats, base: Floats, weights: Weights) -> Floats:
    """What the network makes of the filter's evidence `base` (L, B), from planes (D, L, B): (L, B), -1 to 1.

    With p the chance that a symbol is positive as the network sees it, this is 2p - 1, what the sign is expected to be.
    """
    length, reaches = len(base), [*(distance * (taps // 2) for distance, taps in SPANS), 0]
    line = _line(len(planes), length, reaches[0])
    _inside(line, length, reaches[0])[:] = planes
    for (distance, _), kernel, offset, reach in zip(SPANS, weights.kernels, weights.offsets, reaches[1:], strict=True):
        line = _convolved(line, kernel, offset, distance, _line(len(kernel), length, reach), reach)
    last = np.matmul(weights.last, line)
    scale, correction = _inside(last, length, 0) + weights.last_offset[:, None, None]
    return np.asarray(np.tanh(0.5 * (base * np.exp(scale) + correction)), np.float32)


def _line(planes: int, length: int, reach: int) -> Floats:
    """Planes laid row after row along one line of memory, so that any shift in time or bands is a shift along it.

    `reach` rows of zeros lie before and after, and a zero on either side of every row.
    """
    return np.zeros((planes, (length + 2 * reach + 1) * _SIDE), np.float32)


def _inside(line: Floats, length: int, reach: int) -> Floats:
    """The planes (D, L, B) that lie along a line."""
    return line.reshape(len(line), -1, _SIDE)[:, reach : reach + length, 1:-1]


def _convolved(line: Floats, kernel: Floats, offset: Floats, distance: int, into: Floats, reach: int) -> Floats:
    """A convolution over time and bands of what lies along `line`, nothing below zero, laid along `into`."""
    out, count, taps, _ = kernel.shape
    matrix, length = kernel.reshape(out, -1), into.shape[1] // _SIDE - 2 * reach - 1
    held = np.empty((count, taps, 3, _BLOCK * _SIDE), np.float32)
    strides = (line.strides[0], distance * _SIDE * line.itemsize, line.itemsize, line.itemsize)
    for first in range(0, length * _SIDE, _BLOCK * _SIDE):
        size = min(_BLOCK * _SIDE, length * _SIDE - first)
        shifted = np.lib.stride_tricks.as_strided(line[:, first:], (count, taps, 3, size), strides)
        np.copyto(held[..., :size], shifted)
        start = first + reach * _SIDE + 1
        made = np.matmul(matrix, held.reshape(count * taps * 3, -1)[:, :size], out=into[:, start : start + size])
        made += offset[:, None]
        np.maximum(made, 0.0, out=made)
    rows = into.reshape(out, -1, _SIDE)
    rows[:, :, 0] = rows[:, :, -1] = 0.0
    return into
