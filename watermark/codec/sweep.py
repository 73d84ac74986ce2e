"""Sequences of evidence against every place of every pattern at once: products of spectra, and nothing else.

The correlation of a sequence with all places is an inverse transform of a product of spectra. Two sequences travel as
the real and imaginary part of one; the sum over bands is a small real matrix product for each frequency, which is
what processors do best; every buffer is made once and small enough for the cache.

Shapes: K symbol times, S sequences, P = S / 2 pairs, F = 1,281 frequencies, M blocks at once, N places.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from watermark.codec.keys import MarkKey
from watermark.codec.pattern import NARROW, PILOTS, STRETCH
from watermark.codec.spectra import BLOCK, FREQUENCIES, STEP, kept_spectra

SEQUENCES = 16  # swept together
_BLOCKS = 27  # at once: rows of 216 complex numbers, because strides that are powers of two collide in the cache
_BLOCKS_FOR_FEW = 64
_SHARE = PILOTS[0] / NARROW

Floats = npt.NDArray[np.float32]
Complexes = npt.NDArray[np.complex64]


@dataclass(frozen=True)
class Hit:
    """A place that a sequence (by its number) agrees with, and how well, in units of what chance gives."""

    score: float
    key: MarkKey
    sequence: int
    place: int


class Sweep:
    """The buffers of one search; `over` may be called again and again, by one thread."""

    def __init__(self, sequences: int = SEQUENCES) -> None:
        self._pairs = -(-min(sequences, SEQUENCES) // 2)
        self._at_once = _BLOCKS if self._pairs > 2 else _BLOCKS_FOR_FEW
        self._heard = np.zeros((BLOCK, NARROW, self._pairs), np.complex64)
        self._ahead, self._behind = (
            np.empty((size, 2, NARROW, self._pairs, 2), np.float32) for size in (FREQUENCIES, FREQUENCIES - 2)
        )
        self._pattern = np.empty((FREQUENCIES, self._at_once, 2 * NARROW), np.float32)
        self._sums = np.empty(BLOCK * self._at_once * 2 * self._pairs, np.float32)

    def over(self, keys: Sequence[MarkKey], windows: Floats, floor: float) -> list[Hit]:
        """What agrees by `floor` or better: at most one place in each run of STEP for each sequence.

        Args:
            windows: (S, K, 22), S at most as many as the sweep was made for, K at most 512.
        """
        self._hear(windows)
        return [hit for key in keys for hit in self._hits(key, len(windows), floor)]

    def _hear(self, windows: Floats) -> None:
        """Lay out the spectra of the windows as real matrices, for frequencies above and below zero."""
        norm = np.sqrt(_SHARE * (windows**2).sum(axis=(1, 2)) + 1e-6) * BLOCK
        scaled = (windows / norm[:, None, None]).transpose(1, 2, 0)
        self._heard[:] = 0.0
        parts = self._heard.view(np.float32).reshape(BLOCK, NARROW, 2 * self._pairs)
        parts[: len(scaled), :, : len(windows)] = scaled
        spectrum = fft.ifft(self._heard, axis=0, norm="forward")
        _as_real(spectrum[:FREQUENCIES], 1, self._ahead)
        _as_real(spectrum[: FREQUENCIES - 1 : -1], -1, self._behind)

    def _hits(self, key: MarkKey, sequences: int, floor: float) -> Iterator[Hit]:
        spectra = kept_spectra(key)
        length = key.stretches * STRETCH
        for first in range(0, spectra.shape[1], self._at_once):
            sums = self._correlated(spectra[:, first : first + self._at_once])[:STEP, :, :sequences]
            block, sequence = np.nonzero(sums.max(axis=0) > floor)
            chosen = sums[:, block, sequence]
            for b, s, at in zip(block, sequence, chosen.argmax(axis=0), strict=True):
                yield Hit(float(sums[at, b, s]), key, int(s), int((first + b) * STEP + at) % length)

    def _correlated(self, spectra: npt.NDArray[np.int8]) -> Floats:
        """Scores of every place of some blocks: (BLOCK, M, S); the last 512 of a block are not whole."""
        blocks, columns = spectra.shape[1], 2 * self._pairs
        pattern = self._pattern[:, :blocks]
        np.copyto(pattern, spectra)
        sums = self._sums[: BLOCK * blocks * columns].reshape(BLOCK, blocks, columns)
        np.matmul(pattern, self._ahead.reshape(FREQUENCIES, 2 * NARROW, columns), out=sums[:FREQUENCIES])
        behind = self._behind.reshape(FREQUENCIES - 2, 2 * NARROW, columns)
        np.matmul(pattern[1:-1], behind, out=sums[: FREQUENCIES - 1 : -1])
        whole = fft.ifft(sums.view(np.complex64), axis=0, norm="forward", overwrite_x=True)
        return np.asarray(whole.view(np.float32))


def _as_real(spectrum: Complexes, sign: int, out: Floats) -> None:
    """What [real, imaginary] of the pattern, conjugated when `sign` is -1, is multiplied with: (F, 2, 22, P, 2)."""
    out[:, 0, :, :, 0], out[:, 0, :, :, 1] = spectrum.real, spectrum.imag
    np.multiply(spectrum.imag, -sign, out=out[:, 1, :, :, 0])
    np.multiply(spectrum.real, sign, out=out[:, 1, :, :, 1])
