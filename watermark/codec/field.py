"""The gain field: how much louder or softer each patch of a spectrum is made.

The field is a sum of smooth bumps, one per symbol, in decibels over seconds and Hz. It depends on key,
record and place only, never on the sound, so a vocoder can apply it to each frame of its spectrum before
the inverse STFT without waiting for anything. Multiplying leaves silence silent.

In time a bump is a Hann arch of 50 ms less one of 110 ms, in frequency a narrow Gaussian less a broad
one. So the field is made of ripples around 8 to 25 Hz and 0.6 to 3.4 cycles per kHz: faster than syllables,
slower than glottal pulses, finer than formants, coarser than harmonics. There the speech itself is quiet,
codecs still let changes through, and a change of tone or level means nothing.

The strength differs over frequency. Below 450 Hz the ear, PESQ and STOI notice a change most and a
telephone keeps least of it; above 1.2 kHz it is the other way round.

Shapes: L frames, F bins, K symbol times, B bands.
"""

from collections.abc import Callable
from functools import lru_cache
from math import ceil

import numpy as np
import numpy.typing as npt

from watermark.codec.keys import MarkKey
from watermark.codec.pattern import BANDS, NARROW, SYMBOL_S, Pattern, band_centres_hz, place_of
from watermark.codec.payload import word_of

STRENGTH_DB = 2.1  # the unit of the profile below; root mean square of the field at 0.7 to 1.2 kHz
LIMIT_DB = 5.0
SHORT_ARCH_S = 0.050
LONG_ARCH_S = 0.110
FINE_HZ = 70.0
BROAD_HZ = 300.0
# Relative strength: of the first three bands, the next three, the rest of the telephone band, above it.
PROFILE = np.repeat([0.5, 1.0, 1.2, 0.8], [3, 3, NARROW - 6, BANDS - NARROW])
FADE_HZ = (300.0, 450.0)  # nothing below, everything above

_REACH = ceil(LONG_ARCH_S / 2 / SYMBOL_S) - 1  # symbols before and after the two around a frame that reach it
_NEPERS = np.float32(np.log(10.0) / 20.0)

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
GainField = Callable[[int, int], Floats]


def arch(offset_s: Doubles) -> Doubles:
    """The bump over time; `offset_s` is the distance from its middle. It integrates to zero."""
    return _hann(offset_s / SHORT_ARCH_S) - SHORT_ARCH_S / LONG_ARCH_S * _hann(offset_s / LONG_ARCH_S)


def _hann(phase: Doubles) -> Doubles:
    return np.where(np.abs(phase) < 0.5, 0.5 + 0.5 * np.cos(2 * np.pi * phase), 0.0)


def ripple(offset_hz: Doubles) -> Doubles:
    """The bump over frequency: it integrates to zero."""
    fine = np.exp(-0.5 * (offset_hz / FINE_HZ) ** 2)
    broad = np.exp(-0.5 * (offset_hz / BROAD_HZ) ** 2)
    return fine - FINE_HZ / BROAD_HZ * broad


@lru_cache(maxsize=1)
def _unit() -> float:
    """The factor that gives a field of independent signs a root mean square of 1 dB."""
    times = np.arange(0, SYMBOL_S, SYMBOL_S / 20)[:, None] - SYMBOL_S * np.arange(-4, 5)
    bands = band_centres_hz()
    inner = np.arange(bands[5], bands[-5], 10.0)[:, None] - bands
    return float(1.0 / np.sqrt((arch(times) ** 2).sum(1).mean() * (ripple(inner) ** 2).sum(1).mean()))


@lru_cache(maxsize=32)
def over_bins(rate_hz: int, n_fft: int) -> Floats:
    """What a symbol of each band adds to each bin at a strength of 1 dB, (B, F)."""
    bins_hz = np.arange(n_fft // 2 + 1) * rate_hz / n_fft
    fade = np.clip((bins_hz - FADE_HZ[0]) / (FADE_HZ[1] - FADE_HZ[0]), 0.0, 1.0)
    fade = 0.5 - 0.5 * np.cos(np.pi * fade)
    shaped = PROFILE[:, None] * ripple(bins_hz - band_centres_hz()[:, None]) * fade
    return np.asarray(_unit() * shaped, np.float32)


def field_db(
    pattern: Pattern,
    word: npt.NDArray[np.int8],
    place: int,
    times_s: Doubles,
    bins: Floats,
    strength_db: float,
) -> Floats:
    """The field in dB at `times_s` (L,), ascending, after the start of the output; (L, F)."""
    nearest = np.floor(times_s / SYMBOL_S).astype(np.intp)
    first = int(nearest[0]) - _REACH
    signs = pattern.chips(place + first, int(nearest[-1]) + _REACH + 2 - first).carrying(word).astype(np.float32)
    over_time = np.zeros((len(times_s), signs.shape[1]), np.float32)
    for symbol in range(-_REACH, _REACH + 2):  # all whose arch reaches the frame
        heights = arch(times_s - (nearest + symbol) * SYMBOL_S).astype(np.float32)
        over_time += heights[:, None] * signs[nearest + symbol - first]
    decibels = over_time @ (np.float32(strength_db) * bins)
    return np.clip(decibels, -LIMIT_DB, LIMIT_DB, out=decibels)


def gain_field(
    key: MarkKey,
    record: int,
    salt: int,
    start: int,
    *,
    rate_hz: int,
    n_fft: int = 1024,
    hop: int = 256,
    strength_db: float = STRENGTH_DB,
) -> GainField:
    """Gains for the frames of one output, to multiply its complex or magnitude spectrum with.

    Args:
        key, record: what the mark says and under which key; the record has 48 bits.
        salt, start: the place in the pattern (0-127, 0-8191), drawn at random for every output.
        rate_hz, n_fft, hop: the STFT of the caller. Frame i is centred on sample i * hop of the output,
            as in `torch.istft(center=True)`; a head that centres elsewhere shifts the mark by a few
            milliseconds, which the detector finds by itself.

    Returns:
        A pure function (first_frame, frames) -> float32 (frames, n_fft // 2 + 1), linear gains around 1.
        Any division of an output into chunks gives the same gains.
    """
    pattern, word, place = Pattern(key), word_of(key, record), place_of(salt, start)
    bins = over_bins(rate_hz, n_fft)

    def gains(first_frame: int, frames: int) -> Floats:
        times_s = np.asarray((first_frame + np.arange(frames)) * (hop / rate_hz), np.float64)
        decibels = field_db(pattern, word, place, times_s, bins, strength_db)
        return np.asarray(np.exp(decibels * _NEPERS), np.float32)

    return gains
