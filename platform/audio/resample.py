"""Change the rate of a clip: one engine (libsoxr) for the whole project, so that it always sounds the same."""

from __future__ import annotations

import numpy as np
import soxr

from .clip import Clip


def resample(clip: Clip, rate_hz: int) -> Clip:
    """The same sound at another rate.

    Linear phase, no delay; the length is `frames * rate_hz / clip.rate_hz` to within one sample. What lies above the
    new Nyquist frequency is gone: nothing comes back when the result is brought up again.

    Args:
        clip: any channels; a clip that has the rate already is returned as it is.
        rate_hz: the new rate, positive.

    Source: soxr 1.1, quality HQ (20 bit, passband to 0.913 of Nyquist, about -120 dB aliasing).
    """
    if clip.rate_hz == rate_hz:
        return clip
    interleaved = np.ascontiguousarray(clip.samples.T)
    changed = soxr.resample(interleaved, clip.rate_hz, rate_hz, quality="HQ")
    return Clip(np.ascontiguousarray(changed.T, dtype=np.float32), rate_hz)
