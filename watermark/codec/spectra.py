"""Spectra of the pilots in overlapping blocks: what a sweep multiplies a clip with. Kept within a fixed memory.

A component of such a spectrum spreads by 26, so it is kept as a whole number in one byte: rounding adds a noise of
0.3, which takes less than 0.01 % off a score that only proposes. A platform's whole pattern has 29 MB.

Shapes: F = 1,281 frequencies, N blocks, 44 = 22 narrow bands, first the real parts, then the imaginary ones.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np
import numpy.typing as npt
from scipy import fft

from watermark.codec.keys import MarkKey
from watermark.codec.pattern import NARROW, STRETCH, Pattern

BLOCK = 2560
WINDOW = 512  # symbol times (10.2 s) that one sequence has at most
STEP = BLOCK - WINDOW
FREQUENCIES = BLOCK // 2 + 1
KEPT_BYTES = 128 << 20  # in one process, for four whole patterns or four hundred of exported voices
_MADE_AT_ONCE = 32

Spectra = npt.NDArray[np.int8]


def spectra_of(key: MarkKey) -> Spectra:
    """The narrow pilots of a key, every STEP symbol times a block: (F, N, 44)."""
    pattern = Pattern(key)
    count = -(-pattern.length // STEP)
    made = np.empty((FREQUENCIES, count, 2 * NARROW), np.int8)
    for first in range(0, count, _MADE_AT_ONCE):
        some = min(_MADE_AT_ONCE, count - first)
        pilots = pattern.pilots(first * STEP, some * STEP + WINDOW, NARROW).astype(np.float32)
        blocks = np.lib.stride_tricks.sliding_window_view(pilots, BLOCK, axis=0)[::STEP]
        whole = fft.rfft(blocks, axis=2).transpose(2, 0, 1)
        both = np.concatenate([whole.real, whole.imag], axis=2)
        made[:, first : first + some] = np.clip(np.round(both), -127, 127)
    return made


class _Kept:
    """The spectra asked for last, up to KEPT_BYTES. Threads may share it; at worst two make the same ones."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[MarkKey, Spectra] = OrderedDict()
        self._lock = Lock()

    def of(self, key: MarkKey) -> Spectra:
        with self._lock:
            if key in self._by_key:
                self._by_key.move_to_end(key)
                return self._by_key[key]
        made = spectra_of(key)
        with self._lock:
            self._by_key[key] = made
            while len(self._by_key) > 1 and sum(one.nbytes for one in self._by_key.values()) > KEPT_BYTES:
                self._by_key.popitem(last=False)
        return made


kept_spectra = _Kept().of


def handfuls(keys: Sequence[MarkKey]) -> Iterator[tuple[MarkKey, ...]]:
    """The keys in portions whose spectra fit into the kept memory together, so that no sweep makes one twice."""
    portion: list[MarkKey] = []
    for key in keys:
        if portion and sum(map(_bytes_of, [*portion, key])) > KEPT_BYTES:
            yield tuple(portion)
            portion = []
        portion.append(key)
    if portion:
        yield tuple(portion)


def _bytes_of(key: MarkKey) -> int:
    return -(-key.stretches * STRETCH // STEP) * FREQUENCIES * 2 * NARROW
