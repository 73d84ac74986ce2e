"""From chunks of sound to windows of encoded bytes, none longer than a second. No mark, no consent, no store.

Raw PCM, mu-law, and both as a WAV whose length nobody knows yet: formats that a player can begin before the end.

Shapes: T samples.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from audio import wav
from audio.encode import Encoded, Format, rate_for
from audio.g711 import mulaw_decode, mulaw_encode

Floats = NDArray[np.float32]

STREAMED = (Format.PCM, Format.MULAW, Format.WAV, Format.MULAW_WAV)
MOST_S = 0.96  # a withdrawal lets at most the window under way pass: one second is the promise
LEAST_S = 0.5  # later windows are no shorter, but for the last one: each costs a question to the database
FIRST_S = 0.2  # the first is short, so that sound begins early; longer when others wait too (`_cut`)
_HEADERS: dict[Format, wav.Written] = {Format.WAV: "pcm16", Format.MULAW_WAV: "mulaw"}


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a stream: the bytes that leave, and what a receiver hears of them (T,)."""

    data: bytes
    heard: Floats
    length_s: float


class Encoder:
    """Sound of one stream to bytes, state and all; what it gives back joined is one sound without seams.

    Args:
        to: one of STREAMED.
        rate_hz: of the sound that comes in; `rate_hz` afterwards is the rate that leaves.
    """

    def __init__(self, to: Format, rate_hz: int) -> None:
        if to not in STREAMED:
            raise ValueError(f"{to} cannot be streamed")
        self.to, self._rate_hz, self.rate_hz = to, rate_hz, rate_for(to, rate_hz)
        self._mulaw = to in (Format.MULAW, Format.MULAW_WAV)
        same = self.rate_hz == rate_hz
        self._resampler = None if same else soxr.ResampleStream(rate_hz, self.rate_hz, 1, dtype="float32", quality="HQ")
        self._headed = to not in _HEADERS

    @property
    def media_type(self) -> str:
        """For Content-Type."""
        return Encoded(b"", self.to, self.rate_hz, 1).media_type

    def windows(self, chunks: Iterable[Floats]) -> Iterator[Window]:
        """The whole stream, cut into windows as soon as there is enough of it."""
        for piece, last in _cut(chunks, self._rate_hz):
            window = self._encoded(piece, last)
            if window.length_s:
                yield window

    def _encoded(self, piece: Floats, last: bool) -> Window:
        sound = piece if self._resampler is None else self._resampler.resample_chunk(piece, last=last)
        pcm = wav.to_pcm16(sound)
        data = mulaw_encode(pcm).tobytes() if self._mulaw else pcm.tobytes()
        # Heard is what the bytes say, not what they were made from.
        told = mulaw_decode(np.frombuffer(data, np.uint8)) if self._mulaw else np.frombuffer(data, "<i2")
        return Window(self._head() + data, told.astype(np.float32) / np.float32(32768), len(pcm) / self.rate_hz)

    def _head(self) -> bytes:
        if self._headed:
            return b""
        self._headed = True
        return wav.header_bytes(_HEADERS[self.to], self.rate_hz, 1, None)


def _cut(chunks: Iterable[Floats], rate_hz: int) -> Iterator[tuple[Floats, bool]]:
    """Pieces between LEAST_S and MOST_S; the last one, which may be empty, is marked.

    The first is given from FIRST_S on, or from twice as much as its beginning was waited for: where sound comes slowly,
    because many begin at once, the next comes slowly too, and who had opened with little would stand still.
    """
    most, wanted, began = round(MOST_S * rate_hz), 0, time.monotonic()
    held = np.zeros(0, np.float32)
    for chunk in chunks:
        wanted = wanted or round(min(max(FIRST_S, 2 * (time.monotonic() - began)), MOST_S) * rate_hz)
        held = np.concatenate([held, chunk])
        while len(held) >= wanted:
            yield held[:most], False
            held, wanted = held[most:], round(LEAST_S * rate_hz)
    yield held, True
