"""What an output sounds like, in about 60 bytes a second, so that a mark moved to other speech is found out.

The fingerprint is the course of loudness in ten bands of the telephone, a dozen times a second, four bits
each. It is kept with the record; a suspect clip that carries the record's mark is compared with it. It is
not keyed and it is no identification of a voice: only "are these the same words said the same way".

Shapes: L frames of 80 ms, C = 10 bands.
"""

import math
import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.special import log_ndtr

from watermark.codec.bounds import p_value
from watermark.codec.frames import ANALYSIS_HZ, FRAME, power

VERSION = 1
BANDS = 10
STEP_FRAMES = 8  # of 10 ms
LEAST_OVERLAP = 8  # frames: 0.64 s
MATCHES, CHANCE = 1e-6, 1e-4  # p-values up to which it is the same, and from which on it may be anything
# Measured: 1.14 makes p uniform from 0.01 to 0.1 over 400 pairs of other sentences, half of one speaker.
CAUTION = 1.25
DIFFERS_BELOW = 0.6  # correlation: other sentences stayed below 0.58, the same words through AMR-NB 4.75 above 0.75
DIFFERS_S = 1.5
TEMPOS = tuple(float(t) for t in np.arange(0.76, 1.27, 0.03))

Floats = npt.NDArray[np.float32]
Content = Literal["matches", "differs", "unknown"]


@dataclass(frozen=True)
class ContentMatch:
    """How a clip compares with a fingerprint: p_value is the chance of so close a course in other speech."""

    content: Content
    p_value: float
    correlation: float
    offset_s: float  # where in the output the clip begins


def _course(samples: Floats, rate_hz: int) -> Floats:
    """Loudness over time, (L, 10), each band freed of its mean."""
    spectrum = power(samples, rate_hz)
    mel = 2595 * np.log10(1 + np.arange(FRAME // 2 + 1) * ANALYSIS_HZ / FRAME / 700)
    edges = np.linspace(2595 * np.log10(1 + 300 / 700), 2595 * np.log10(1 + 3400 / 700), BANDS + 2)
    width = edges[1] - edges[0]
    bands = np.maximum(1 - np.abs(mel[:, None] - edges[1:-1]) / width, 0)
    energy = spectrum @ bands.astype(np.float32)
    steps = max(len(energy) // STEP_FRAMES, 1)
    energy = energy[: steps * STEP_FRAMES].reshape(steps, -1, BANDS).mean(axis=1)
    floor = 1e-3 * energy.max(axis=0) + 0.03 * energy.mean(axis=1, keepdims=True) + 1e-9
    course = np.log(energy + floor)
    return _centred(course)


def _centred(course: Floats) -> Floats:
    course = course - course.mean(axis=0)
    return np.asarray(course / (course.std() + 1e-9), np.float32)


def fingerprint(samples: Floats, rate_hz: int) -> bytes:
    """The fingerprint of one output: mono float32 (T,), any level.

    Format 1: version (1 byte), frames (2 bytes, big-endian), then 4-bit values, two to a byte, band by band.
    Later versions keep the first byte's meaning.
    """
    course = _course(np.asarray(samples, np.float32), rate_hz)[: 2**16 - 1]
    levels = np.clip(np.round(course * 2.5 + 7.5), 0, 15).astype(np.uint8).reshape(-1, 2)
    return struct.pack(">BH", VERSION, len(course)) + (levels[:, 0] << 4 | levels[:, 1]).tobytes()


def _unpack(stored: bytes) -> Floats:
    version, steps = struct.unpack(">BH", stored[:3])
    if version != VERSION or len(stored) != 3 + steps * BANDS // 2:
        raise ValueError("not a fingerprint of a version this code knows")
    packed = np.frombuffer(stored[3:], np.uint8)
    levels = np.stack([packed >> 4, packed & 15], axis=1).reshape(steps, BANDS)
    return _centred(((levels.astype(np.float32)) - 7.5) / 2.5)


def match(stored: bytes, samples: Floats, rate_hz: int) -> ContentMatch:
    """Does a clip say what the output said? Offset and tempo are searched and paid for.

    The spread of the correlation between unrelated courses comes from their own autocorrelations
    (Bartlett's formula), so a slow or monotonous clip proves less, as it should. Speech is not quite what the
    formula assumes - every sentence has syllables and pauses - so the spread is taken `CAUTION` times as wide: other
    sentences of the same speaker then come out as seldom as the p-value says.

    Raises:
        ValueError: `stored` is no fingerprint.
    """
    reference = _levelled(_unpack(stored))
    clip = _levelled(_course(np.asarray(samples, np.float32), rate_hz))
    if min(len(clip), len(reference)) < LEAST_OVERLAP:
        return ContentMatch("unknown", 1.0, 0.0, 0.0)
    tried = [_best_lag(reference, _at_tempo(clip, tempo)) for tempo in TEMPOS]
    places = sum(count for _, _, _, count in tried)
    log_p, correlation, lag, _ = min(tried)
    p = p_value(log_p + math.log(places))
    seconds = len(clip) * STEP_FRAMES / 100
    content: Content = "unknown"  # also what lies between: somebody else's reading of a sentence came to 1e-5
    if p <= MATCHES:
        content = "matches"
    elif p > CHANCE and correlation < DIFFERS_BELOW and seconds >= DIFFERS_S:
        content = "differs"
    return ContentMatch(content, p, correlation, lag * STEP_FRAMES / 100)


def _levelled(course: Floats) -> Floats:
    """Half of each frame's mean taken off: what is loud matters less than which sound it is."""
    return _centred(course - 0.5 * course.mean(axis=1, keepdims=True))


def _at_tempo(course: Floats, tempo: float) -> Floats:
    times = np.arange(0, len(course) - 1, tempo)
    low = times.astype(np.intp)
    part = (times - low).astype(np.float32)[:, None]
    return _centred((1 - part) * course[low] + part * course[low + 1])


def _best_lag(reference: Floats, clip: Floats) -> tuple[float, float, int, int]:
    """(ln p, correlation, lag, lags tried) of the best lag at which enough of the two overlaps."""
    size = fft.next_fast_len(len(reference) + len(clip))
    spectra = [fft.rfft(part, size, axis=0) for part in (reference, clip)]
    product = fft.irfft((spectra[0] * np.conj(spectra[1])).sum(axis=1), size)
    energies = [fft.rfft((part**2).sum(axis=1), size) for part in (reference, clip)]
    ones = [fft.rfft(np.ones(len(part), np.float32), size) for part in (reference, clip)]
    overlap = fft.irfft(ones[0] * np.conj(ones[1]), size)
    norm = np.sqrt(
        np.maximum(fft.irfft(energies[0] * np.conj(ones[1]), size), 1e-6)
        * np.maximum(fft.irfft(ones[0] * np.conj(energies[1]), size), 1e-6)
    )
    lags = np.arange(size)
    usable = overlap >= max(LEAST_OVERLAP, 0.8 * min(len(clip), len(reference)))
    correlation = np.where(usable, product / norm, -1.0)
    spread = CAUTION * np.sqrt(_bartlett(reference, clip) / np.maximum(overlap * BANDS, 1.0))
    z = np.arctanh(np.clip(correlation, -0.999, 0.999)) / spread  # Fisher's transform
    best = int(z.argmax())
    lag = int(lags[best] - size if lags[best] >= len(reference) else lags[best])
    return float(log_ndtr(-max(z[best], 0.0))), float(correlation[best]), lag, int(usable.sum())


def _bartlett(a: Floats, b: Floats) -> float:
    """How many cells go for one in the correlation of two courses that have nothing to do with each other."""
    both = [_autocorrelation(part) for part in (a, b)]
    reach = min(len(both[0]), len(both[1]), 25)
    products = both[0][:reach] * both[1][:reach]
    return max(float(products[0].sum() + 2 * products[1:].sum()), 1.0)


def _autocorrelation(course: Floats) -> Floats:
    """Over lag and band distance, (L, 10 + 9): normalised to 1 at the origin."""
    size = (fft.next_fast_len(2 * len(course)), 2 * BANDS)
    spectrum = fft.rfft2(course.T, (size[1], size[0]))
    whole = fft.irfft2(np.abs(spectrum) ** 2, (size[1], size[0])).T
    return np.asarray((whole / whole[0, 0])[: len(course)], np.float32)
