"""Mark a clip, or a stream of sound, that is not made by our own vocoder.

The vocoder takes `gain_field` and needs none of this. What both have in common, the field, is in `field.py`.

Shapes: T samples.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from watermark.codec.errors import TooShortToMark
from watermark.codec.evidence import evidence_of, markable_s
from watermark.codec.field import STRENGTH_DB, gain_field
from watermark.codec.frames import FRAMES_HZ, power
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import NARROW, SALTS, STRETCH, SYMBOL_S, Pattern, salt_and_start
from watermark.codec.payload import word_of
from watermark.codec.transform import Multiplier, frame_and_hop, multiplied, short_frame_and_hop

__all__ = ["Embedded", "StreamEmbedder", "embed", "gain_field", "new_place"]

Floats = npt.NDArray[np.float32]
RandBelow = Callable[[int], int]

LEAST_S = 0.10
CHOICES = 2048  # places an embedder that knows the whole clip chooses among; `check` pays for them
LISTEN_S = 12.0
STREAM_DB = 1.95  # with frames of 25 ms as much evidence as STRENGTH_DB gives with 40 ms


@dataclass(frozen=True)
class Embedded:
    """A marked clip and all that reading it back needs; `markable_s` counts the speech that carries it."""

    samples: Floats
    rate_hz: int
    record: int
    salt: int
    start: int
    markable_s: float


def new_place(rng: RandBelow = secrets.randbelow) -> tuple[int, int]:
    """A fresh random (salt, start) for one output. Never use one twice on purpose."""
    return rng(SALTS), rng(STRETCH)


def embed(
    samples: Floats,
    rate_hz: int,
    key: MarkKey,
    record: int,
    *,
    salt: int | None = None,
    rng: RandBelow = secrets.randbelow,
    strength_db: float = STRENGTH_DB,
    choices: int = CHOICES,
) -> Embedded:
    """Mark a finished clip.

    Of `choices` places in a row, at a random spot of the pattern, the one is taken with which the unmarked
    clip already agrees best. That costs nothing in quality and cannot make any unmarked clip look marked.

    Args:
        samples: mono float32 (T,) in [-1, 1], 8 kHz or more.
        record: the 48-bit id; unique per deployment, which the caller sees to.
        salt: one of 128 stretches of the pattern; drawn when None.
        rng: `rng(n)` gives a whole number below n; the default is the system's.

    Raises:
        TooShortToMark: there is nothing in the clip that a mark could be carried by.
        ValueError: the record does not fit 48 bits.
    """
    samples = np.ascontiguousarray(samples, np.float32)
    spectrum = power(samples, rate_hz)
    speech_s = markable_s(spectrum)
    if speech_s < LEAST_S:
        raise TooShortToMark(speech_s)
    salt, start = _agreeable_place(spectrum, key, record, salt, rng, choices)
    frame, hop = frame_and_hop(rate_hz)
    gains = gain_field(key, record, salt, start, rate_hz=rate_hz, n_fft=frame, hop=hop, strength_db=strength_db)
    return Embedded(multiplied(samples, gains, frame, hop), rate_hz, record, salt, start, speech_s)


def _agreeable_place(
    spectrum: Floats, key: MarkKey, record: int, salt: int | None, rng: RandBelow, choices: int
) -> tuple[int, int]:
    first = (rng(SALTS) if salt is None else salt % SALTS) * STRETCH + rng(STRETCH - choices + 1)
    if choices <= 1:
        return salt_and_start(first)
    values = evidence_of(spectrum).at(0.0, int(min(len(spectrum) / FRAMES_HZ, LISTEN_S) / SYMBOL_S) + 1)[:, :NARROW]
    signs = Pattern(key).chips(first, choices + len(values)).carrying(word_of(key, record))[:, :NARROW]
    size = fft.next_fast_len(len(signs), real=True)
    heard, wanted = (fft.rfft(part.astype(np.float32), size, axis=0) for part in (values, signs))
    agreement = fft.irfft((np.conj(heard) * wanted).sum(axis=1), size)[:choices]
    return salt_and_start(first + int(agreement.argmax()))


class StreamEmbedder:
    """Marks sound that arrives in pieces; gives back what is finished, at most 25 ms behind."""

    def __init__(
        self, rate_hz: int, key: MarkKey, record: int, salt: int, start: int, *, strength_db: float = STREAM_DB
    ) -> None:
        frame, hop = short_frame_and_hop(rate_hz)
        gains = gain_field(key, record, salt, start, rate_hz=rate_hz, n_fft=frame, hop=hop, strength_db=strength_db)
        self._multiplier = Multiplier(gains, frame, hop)

    def push(self, samples: Floats) -> Floats:
        """Take the next samples (any number) and return the marked samples that are finished."""
        return self._multiplier.push(samples)

    def finish(self) -> Floats:
        """The rest of the stream: as many samples have come out in all as went in."""
        return self._multiplier.finish()
