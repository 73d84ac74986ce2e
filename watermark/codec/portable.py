"""The mark as tables, for a voice that leaves the platform and marks what it says by itself.

Whatever speaks elsewhere (an ONNX graph) needs no key, only the signs that one key writes for its one record. So
the key has to be one that leaves (`MarkKey.leaving`): who takes the tables apart can mark sound as that record of
that key, which is what the voice does anyway, and learns nothing of any other key or record.

The field is that of `field.py`, in numbers that need no clock: a frame of 256 samples at 24 kHz is 8/15 of a symbol,
so the arches have fifteen phases.

Shapes: K symbol times of the ring, B bands, F bins, W symbols that reach a frame.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np

from watermark.codec.field import LIMIT_DB, LONG_ARCH_S, STRENGTH_DB, Floats, arch, over_bins
from watermark.codec.keys import STRETCHES, MarkKey
from watermark.codec.pattern import SYMBOL_S, Pattern, Signs
from watermark.codec.payload import word_of

AHEAD = int(np.ceil(LONG_ARCH_S / 2 / SYMBOL_S))  # symbols before and after a frame that reach it


@dataclass(frozen=True)
class Tables:
    """What computes the field: this is the gain of frame i when the sound began at symbol `start`.

        s = i * step // phases;  arches[i * step % phases] @ signs[(start + s + w - before) % K for w in 0..W-1]
        10 ** (clip(that @ bins, -limit_db, limit_db) / 20)

    Args:
        signs: (K, B) int8.
        arches: (phases, W).
        bins: (B, F) decibels.
        step, before, limit_db: see above.
    """

    signs: Signs
    arches: Floats
    bins: Floats
    step: int
    before: int
    limit_db: float

    def gains(self, start: int, first_frame: int, frames: int) -> Floats:
        """The field in numpy, (frames, F): the plain twin of what a graph does."""
        place = (first_frame + np.arange(frames)) * self.step
        symbol, phase = np.divmod(place, len(self.arches))
        reach = np.arange(self.arches.shape[1]) - self.before
        signs = self.signs[(start + symbol[:, None] + reach) % len(self.signs)].astype(np.float32)
        decibels = (self.arches[phase][:, :, None] * signs).sum(1) @ self.bins
        return np.asarray(10 ** (np.clip(decibels, -self.limit_db, self.limit_db) / 20), np.float32)


def tables(key: MarkKey, *, rate_hz: int = 24_000, n_fft: int = 1024, hop: int = 256) -> Tables:
    """The tables of a key that leaves.

    Raises:
        ValueError: the key is a platform's own: its pattern must never leave.
    """
    if key.record is None or key.stretches == STRETCHES:
        raise ValueError("only the pattern of a key that leaves may be written out")
    symbol = round(SYMBOL_S * rate_hz)
    common = gcd(hop, symbol)
    step, phases = hop // common, symbol // common
    reach = np.arange(-AHEAD + 1, AHEAD + 1)
    offsets = (np.arange(phases)[:, None] / phases - reach) * SYMBOL_S
    pattern = Pattern(key)
    signs = pattern.chips(0, pattern.length).carrying(word_of(key, key.record))
    return Tables(signs, np.asarray(arch(offsets), np.float32),
                  STRENGTH_DB * over_bins(rate_hz, n_fft), step, AHEAD - 1, LIMIT_DB)  # fmt: skip
