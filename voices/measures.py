"""What can be measured on a take: speech and silence, level, noise, clipping, bandwidth.

Pure: sound in, numbers out. What the numbers mean for the person who read is `enrolment`'s part.

Shape letters: T samples, L frames of 25 ms every 10 ms, F bins.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from audio.clip import Clip
from audio.loudness import SILENCE_DB, loudness_lufs, peak_db

RATE_HZ = 24_000  # what recordings are kept at, and what `measure` expects
_FRAME, _HOP = 600, 240  # 25 ms and 10 ms at RATE_HZ
_KEEP_S = 0.3  # silence left at either end by `trim`
_SNR_MOST_DB = 80.0  # more than any room gives: digital silence between the words
_SPECTRUM = 1024

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured on the whole take. Levels in dB under full scale, loudness in LUFS."""

    length_s: float
    speech_s: float
    speech_ratio: float  # speech_s over the length between first and last speech
    lead_s: float
    tail_s: float
    peak_db: float
    level_db: float  # of the speech alone
    loudness_lufs: float
    noise_db: float  # of what is left between the words
    snr_db: float
    clipped_ratio: float
    bandwidth_hz: float

    def as_dict(self) -> dict[str, float]:
        """For a JSON column; three decimals are more than any of these means."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def measure(clip: Clip) -> Measures:
    """Measure a take.

    Args:
        clip: mono, at RATE_HZ, at least one frame long.

    Raises:
        ValueError: another rate, more channels, or shorter than a frame.
    """
    if clip.rate_hz != RATE_HZ or clip.samples.ndim != 1 or clip.frames < _FRAME:
        raise ValueError(f"a take is mono at {RATE_HZ} Hz and at least {_FRAME} samples long")
    levels = _frame_levels(clip.samples)
    speech = _speech(levels)
    first, last = _span(speech)
    speech_s = float(speech.sum()) * _HOP / RATE_HZ
    level, noise = _mean_db(levels[speech]), _mean_db(_quietest(levels))
    return Measures(
        length_s=clip.length_s,
        speech_s=speech_s,
        speech_ratio=float(speech[first:last].mean()) if last > first else 0.0,
        lead_s=first * _HOP / RATE_HZ,
        tail_s=max(0.0, clip.length_s - last * _HOP / RATE_HZ),
        peak_db=peak_db(clip),
        level_db=level,
        loudness_lufs=loudness_lufs(clip),
        noise_db=noise,
        snr_db=float(np.clip(level - noise, 0.0, _SNR_MOST_DB)) if speech_s else 0.0,
        clipped_ratio=_clipped_ratio(clip.samples),
        bandwidth_hz=_bandwidth_hz(clip.samples, speech),
    )


def trim(clip: Clip) -> Clip:
    """The take with at most 0.3 s left before the first and after the last speech; all of it when there is none."""
    first, last = _span(_speech(_frame_levels(clip.samples)))
    if last <= first:
        return clip
    return clip.cut(first * _HOP / RATE_HZ - _KEEP_S, last * _HOP / RATE_HZ + _KEEP_S)


def _frame_levels(samples: Floats) -> NDArray[np.float64]:
    # (T,) -> (L,) in dB; windows overlap, so that the edge of a word is found to within a hop.
    power = np.concatenate([[0.0], np.cumsum((samples - samples.mean()).astype(np.float64) ** 2)])
    starts = np.arange(0, max(1, samples.size - _FRAME + 1), _HOP)
    ends = np.minimum(starts + _FRAME, samples.size)
    mean = (power[ends] - power[starts]) / (ends - starts)
    return np.asarray(np.maximum(10 * np.log10(np.maximum(mean, 1e-30)), SILENCE_DB))


def _speech(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    # Between what the loud frames and the quiet ones are: a third of the way up, at least 6 dB over the quiet ones.
    loud, quiet = np.percentile(levels, 95), max(float(np.percentile(levels, 10)), -90.0)
    if loud < -65.0 or loud - quiet < 6.0:
        return np.zeros(levels.size, bool)
    return np.asarray(levels > max(quiet + max(6.0, (loud - quiet) * 0.35), -70.0))


def _span(speech: NDArray[np.bool_]) -> tuple[int, int]:
    # First and one past the last frame; frames that stand alone (a click, a chair) do not count.
    steady = np.convolve(speech, np.ones(8), "same") >= 5
    places = np.nonzero(speech & steady)[0]
    return (int(places[0]), int(places[-1]) + 1) if places.size else (0, 0)


def _quietest(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sort(levels)[: max(1, levels.size // 10)]


def _mean_db(levels: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(10 ** (levels / 10)))) if levels.size else SILENCE_DB


def _clipped_ratio(samples: Floats) -> float:
    # Flat tops: three samples in a row at the take's own maximum, wherever a later gain has moved it to.
    magnitude = np.abs(samples)
    top = magnitude.max()
    if top < 0.01:
        return 0.0
    flat = (magnitude >= top * 0.998).astype(np.int8)
    return float((np.convolve(flat, np.ones(3, np.int8), "valid") == 3).sum() / samples.size)


def _bandwidth_hz(samples: Floats, speech: NDArray[np.bool_]) -> float:
    # The spectrum that one frame in twenty reaches: hiss sounds show the band even when they are rare.
    starts = np.nonzero(speech)[0] * _HOP
    starts = starts[starts + _SPECTRUM <= samples.size]
    if starts.size == 0:
        return 0.0
    starts = starts[:: max(1, starts.size // 400)]
    frames = samples[starts[:, None] + np.arange(_SPECTRUM)] * np.hanning(_SPECTRUM)  # (L, T)
    power = np.percentile(np.abs(np.fft.rfft(frames, axis=1)) ** 2, 95, axis=0)  # (F,)
    smooth = np.convolve(10 * np.log10(np.maximum(power, 1e-20)), np.ones(9) / 9, "same")
    heard = np.nonzero(smooth[:-4] > smooth.max() - 55.0)[0]  # the last bins are smoothed with nothing
    return float((heard[-1] + 1) * RATE_HZ / _SPECTRUM)
