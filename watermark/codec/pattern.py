"""The secret pattern: which sign every small patch of time and frequency carries.

A patch is one *symbol*: 20 ms by 140 Hz. Symbols are counted in seconds and Hz, never in bins, so every
sampling rate shares one pattern. The pattern is one keyed sequence of 2^20 symbol times (5.8 hours)
without repetition; an output starts at a random *place* in it (salt: which of 128 stretches, start: where
in the stretch). Twelve of the 22 narrow-band symbols of every time are *pilots*, whose sign the key alone
gives; the others carry a sign of the payload word as well. Which is which is keyed too.

Shapes: K symbol times, B = 54 bands (22 of the telephone, 32 above it).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from watermark.codec.keys import STRETCHES, MarkKey, keystream
from watermark.codec.payload import WORD

SYMBOL_S = 0.020
BAND_HZ = 140.0
LOWEST_HZ = 300.0
NARROW: Final = 22
BANDS: Final = 54
STRETCH = 8192
SALTS = STRETCHES
LENGTH = STRETCH * SALTS
PILOTS = (12, 12)  # of the 22 narrow and the 32 upper bands, at every symbol time

_MASKS = 256
_PERMUTATIONS = 1 << 40  # where in the keystream the permutations lie: far behind the signs

Signs = npt.NDArray[np.int8]


def place_of(salt: int, start: int) -> int:
    """The pattern index at which a stretch and a start lie, 0 to LENGTH - 1."""
    return (salt % SALTS) * STRETCH + start % STRETCH


def salt_and_start(place: int) -> tuple[int, int]:
    """The inverse of `place_of`."""
    return divmod(place % LENGTH, STRETCH)


def band_centres_hz() -> npt.NDArray[np.float64]:
    """Centre frequency of each band, shape (B,)."""
    return np.asarray(LOWEST_HZ + BAND_HZ * (np.arange(BANDS) + 0.5), np.float64)


@dataclass(frozen=True)
class Chips:
    """A stretch of the pattern.

    signs (K, B) int8, +1 or -1; pilot (K, B) bool; code (K, B) int16, the payload sign a symbol carries
    (0 to 511; meaningless where `pilot`).
    """

    signs: Signs
    pilot: npt.NDArray[np.bool_]
    code: npt.NDArray[np.int16]

    def carrying(self, word: Signs) -> Signs:
        """All signs as they go into the sound when the payload word is `word` (512,)."""
        return np.where(self.pilot, self.signs, self.signs * word[self.code]).astype(np.int8)


@dataclass(frozen=True)
class Pattern:
    """Random access into the sequence of one key."""

    key: MarkKey

    @property
    def length(self) -> int:
        """Symbol times until the sequence closes: LENGTH, or less for a key with fewer stretches."""
        return self.key.stretches * STRETCH

    def chips(self, first: int, count: int) -> Chips:
        """The symbols from index `first` on, `count` of them; the sequence closes into a ring."""
        stream = self._stream(first, count)
        pilot = self._pilot(stream)
        return Chips(_signs(stream), pilot, self._code(first, pilot))

    def pilots(self, first: int, count: int, bands: Literal[22, 54] = BANDS) -> Signs:
        """Pilot signs and zeros elsewhere, (count, bands): what a search without the payload looks for."""
        stream = self._stream(first, count)
        if bands == BANDS:
            return _signs(stream) * self._pilot(stream)
        return _signs(stream, bands) * _masks(self.key)[0][stream[:, 7]]

    def payload(self, first: int, count: int, word: Signs) -> Signs:
        """Payload signs of the telephone bands when the word is `word`, and zeros at the pilots: (count, 22)."""
        stream = self._stream(first, count)
        free = ~_masks(self.key)[0][stream[:, 7]]
        return _signs(stream, NARROW) * free * word[self._code_of(first, free, 0)]

    def _stream(self, first: int, count: int) -> npt.NDArray[np.uint8]:
        secret, first = self.key.purpose("pattern"), first % self.length
        ahead = min(count, self.length - first)
        parts = [keystream(secret, first, ahead)]
        if count > ahead:
            parts.append(self._stream(0, count - ahead))
        return np.concatenate(parts)

    def _pilot(self, stream: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        narrow, upper = _masks(self.key)
        return np.concatenate([narrow[stream[:, 7]], upper[stream[:, 8]]], axis=1)

    def _code(self, first: int, pilot: npt.NDArray[np.bool_]) -> npt.NDArray[np.int16]:
        free = ~pilot
        parts = [self._code_of(first, free[:, :NARROW], 0), self._code_of(first, free[:, NARROW:], 1)]
        return np.concatenate(parts, axis=1)

    def _code_of(self, first: int, free: npt.NDArray[np.bool_], which: int) -> npt.NDArray[np.int16]:
        """The payload signs of the narrow (0) or the upper (1) bands, from where they are free: (K, bands)."""
        slots = free.shape[1] - PILOTS[which]
        slot = ((first + np.arange(len(free))) % self.length * slots).astype(np.uint32)[:, None]
        slot = slot + np.cumsum(free, axis=1, dtype=np.uint32) - free
        factor, offset = (part[slot // WORD] for part in _permutations(self.key, which))
        # Products wrap at 2^32, of which the length of a word is a divisor.
        return ((factor * slot + offset) % WORD).astype(np.int16)


def _signs(stream: npt.NDArray[np.uint8], bands: int = BANDS) -> Signs:
    bits = np.unpackbits(stream[:, : (bands + 7) // 8], axis=1)[:, :bands].view(np.int8)
    return np.asarray(1 - 2 * bits, np.int8)


@lru_cache(maxsize=16)
def _masks(key: MarkKey) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """256 keyed choices of pilots each for the narrow and the upper bands: (256, 22) and (256, 32)."""
    order = keystream(key.purpose("layout"), 0, _MASKS * 64 * 2 // 16).view("<u2").reshape(_MASKS, 64)
    narrow = order[:, :NARROW].argsort(axis=1, kind="stable").argsort(axis=1) < PILOTS[0]
    upper = order[:, NARROW:BANDS].argsort(axis=1, kind="stable").argsort(axis=1) < PILOTS[1]
    return narrow, upper


@lru_cache(maxsize=16)
def _permutations(key: MarkKey, which: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """A keyed affine permutation of the 512 payload signs for each turn through them: odd factor, offset."""
    turns = LENGTH * max(NARROW - PILOTS[0], BANDS - NARROW - PILOTS[1]) // WORD + 1
    stream = keystream(key.purpose("layout"), _PERMUTATIONS * (which + 1), turns // 4 + 1)
    pairs = stream.view("<u2").reshape(-1, 2)[:turns].astype(np.uint32)
    return pairs[:, 0] | np.uint32(1), pairs[:, 1]
