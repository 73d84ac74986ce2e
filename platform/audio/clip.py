"""A clip: samples and their rate, the one form in which sound moves through the project.

Shape letters: T samples, C channels. This module does not read or write files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Sound in memory.

    Args:
        samples: float32, shape (T,) for mono or (C, T); nominal range [-1, 1], not enforced.
        rate_hz: samples per second and channel, a positive whole number.

    Raises:
        ValueError: another dtype, more than two dimensions, or a rate that is not positive.
            These are programming errors: foreign bytes are judged before they become a clip.
    """

    samples: NDArray[np.float32]
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.dtype != np.float32 or self.samples.ndim not in (1, 2):
            raise ValueError(f"a clip holds float32 (T,) or (C, T), not {self.samples.dtype} {self.samples.shape}")
        if self.rate_hz <= 0:
            raise ValueError(f"a rate is positive, not {self.rate_hz}")

    @classmethod
    def of(cls, samples: ArrayLike, rate_hz: int) -> Self:
        """A clip of anything numpy can read as numbers, shape (T,) or (C, T)."""
        return cls(np.asarray(samples, dtype=np.float32), rate_hz)

    @property
    def frames(self) -> int:
        """T, the samples of one channel."""
        return int(self.samples.shape[-1])

    @property
    def channels(self) -> int:
        """C, one for a mono clip of either shape."""
        return 1 if self.samples.ndim == 1 else int(self.samples.shape[0])

    @property
    def length_s(self) -> float:
        """How long it lasts, in seconds."""
        return self.frames / self.rate_hz

    def mono(self) -> Clip:
        """The mean of the channels, shape (T,); itself when it is mono already."""
        if self.samples.ndim == 1:
            return self
        return Clip(self.samples.mean(axis=0, dtype=np.float32), self.rate_hz)

    def cut(self, start_s: float, end_s: float | None = None) -> Clip:
        """The part from `start_s` to `end_s` (its end when None), as a view; outside the clip is left off."""
        first = max(0, round(start_s * self.rate_hz))
        last = self.frames if end_s is None else max(first, round(end_s * self.rate_hz))
        return Clip(self.samples[..., first:last], self.rate_hz)
