"""Gains over a spectrum, for a clip that is already sound: STFT, gains, inverse STFT.

However sound is cut into pieces, the same samples come out. A stream is one frame behind, never more: 25 ms with
the short frames that streams take, whose field is sharper in time and so needs less strength for the same evidence.

Shapes: T samples, L frames, F bins.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import fft

from watermark.codec.frames import hann

Floats = npt.NDArray[np.float32]
Gains = Callable[[int, int], Floats]

OVERLAP = 4  # frames over every sample
_NORM = 1.5  # what four squared Hann windows add up to
_AT_ONCE = 128  # frames of a whole clip, which fit a processor's cache


def frame_and_hop(rate_hz: int) -> tuple[int, int]:
    """Frame and hop in samples: as near to 40 and 10 ms as four hops to a frame allow."""
    hop = round(rate_hz / 100)
    return OVERLAP * hop, hop


def short_frame_and_hop(rate_hz: int) -> tuple[int, int]:
    """Frame and hop in samples of a stream: a frame lasts 25 ms at most."""
    hop = rate_hz // 160
    return OVERLAP * hop, hop


class Multiplier:
    """Overlap-add with gains, state and all, sample for sample the same however the sound is cut up."""

    def __init__(self, gains: Gains, frame: int, hop: int) -> None:
        self._gains, self._frame, self._hop = gains, frame, hop
        self._waiting = np.zeros(frame // 2, np.float32)  # frame 0 is centred on sample 0
        self._tail = np.zeros(frame - hop, np.float32)
        self._frames = self._taken = self._made = self._given = 0

    def push(self, samples: Floats) -> Floats:
        """Samples in, finished samples out."""
        self._taken += len(samples)
        self._waiting = np.concatenate([self._waiting, np.asarray(samples, np.float32)])
        return self._give(self._advance())

    def finish(self) -> Floats:
        """Everything still inside."""
        self._waiting = np.concatenate([self._waiting, np.zeros(2 * self._frame, np.float32)])
        return self._give(self._advance())

    def _give(self, made: Floats) -> Floats:
        """Cut off what lies before the first sample and after the last one."""
        lead = self._frame // 2
        skip = min(max(lead - self._made, 0), len(made))
        self._made += len(made)
        finished = made[skip:][: self._taken - self._given]
        self._given += len(finished)
        return finished

    def _advance(self) -> Floats:
        count = (len(self._waiting) - self._frame) // self._hop + 1
        if count <= 0:
            return np.zeros(0, np.float32)
        window = hann(self._frame)
        every = np.lib.stride_tricks.sliding_window_view(self._waiting, self._frame)[:: self._hop][:count]
        spectrum = fft.rfft(every * window, axis=1) * self._gains(self._frames, count)
        pieces = fft.irfft(spectrum, self._frame, axis=1) * (window / np.float32(_NORM))
        made = np.zeros((count + OVERLAP - 1) * self._hop, np.float32)
        for phase in range(OVERLAP):
            rows = pieces[phase::OVERLAP].reshape(-1)
            made[phase * self._hop : phase * self._hop + len(rows)] += rows
        made[: len(self._tail)] += self._tail
        self._frames += count
        self._waiting = self._waiting[count * self._hop :]
        self._tail = made[count * self._hop :]
        return made[: count * self._hop]


def multiplied(samples: Floats, gains: Gains, frame: int, hop: int) -> Floats:
    """A whole clip at once: (T,) in, (T,) out, frame i of `gains` centred on sample i * hop."""
    stream = Multiplier(gains, frame, hop)
    step = _AT_ONCE * hop
    pieces = [stream.push(samples[first : first + step]) for first in range(0, len(samples), step)]
    return np.concatenate([*pieces, stream.finish()])
