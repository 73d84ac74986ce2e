"""From a script to bytes that carry their mark: steps 2 to 5 of a synthesis (`jobs`). No database, no store.

Whoever calls this has asked the consent and brings the record id; nothing made here has left the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from audio.clip import Clip
from audio.decode import decode
from audio.encode import Encoded, Format, decode_raw, encode
from audio.headers import Limits
from synthesis.engine import HOP, N_FFT, Engine, Floats, GainField, VoiceState
from synthesis.tts.text.script import Utterances
from watermark.codec.embed import new_place
from watermark.codec.field import gain_field
from watermark.errors import MarkUnreadable
from watermark.findings import PLACES, Confirmation, Place, read_back
from watermark.services import Issue

SHORT_S = 3.0  # one or two words
CHARACTERS_A_SECOND = 14.0  # of speech; only the progress bar believes it
OUTPUT_LIMITS = Limits(length_s=3600.0, samples=3600 * 48_000, cpu_s=60, wall_s=180)

Report = Callable[[str, float], None]  # (stage, percent); what it raises ends the work


@dataclass(frozen=True)
class Manner:
    """How a script is to be spoken; factors around 1."""

    seed: int = 0
    rate: float = 1.0
    pitch: float = 1.0
    energy: float = 1.0


@dataclass(frozen=True)
class Speech:
    """A script ready to be spoken by one voice, in one manner."""

    engine: Engine
    utterances: Utterances
    voice: VoiceState
    manner: Manner
    characters: int

    def chunks(self, gain: GainField) -> Iterator[Floats]:
        """The sound (T,) in pieces, marked by `gain`."""
        how = self.manner
        return self.engine.stream(
            self.utterances, self.voice, gain=gain, seed=how.seed, rate=how.rate, pitch=how.pitch, energy=how.energy
        )


@dataclass(frozen=True)
class Conversion:
    """A recording and what is said in it, ready to be said by the voice of `speech`; its manner is the recording's."""

    speech: Speech
    source: Clip

    @property
    def engine(self) -> Engine:
        """What speaks."""
        return self.speech.engine

    @property
    def characters(self) -> int:
        """Of the transcript."""
        return self.speech.characters

    def chunks(self, gain: GainField) -> Iterator[Floats]:
        """The sound (T,) in pieces, marked by `gain`."""
        said, heard = self.speech, self.source
        return said.engine.convert(
            said.utterances, said.voice, heard.samples, heard.rate_hz, gain=gain, seed=said.manner.seed
        )


class Spoken(Protocol):
    """Something that can be said, marked: a Speech or a Conversion."""

    @property
    def engine(self) -> Engine:
        """What speaks."""

    @property
    def characters(self) -> int:
        """Of what is said; only the progress bar believes it."""

    def chunks(self, gain: GainField) -> Iterator[Floats]:
        """The sound (T,) in pieces, marked by `gain`."""


@dataclass(frozen=True)
class Made:
    """A marked sound as bytes, its mark read back from them; not stored and not released."""

    encoded: Encoded
    length_s: float
    issue: Issue
    place: Place
    seen: Confirmation


def make(speech: Spoken, issue: Issue, to: Format, report: Report) -> Made:
    """Speak, mark, encode, and read the mark back from the encoded bytes.

    A sound of one word is tried at a few places of the pattern: some words hide a place badly.

    Raises:
        MarkUnreadable: the encoded bytes do not carry the mark; nothing may leave.
    """
    for last in (*[False] * (PLACES - 1), True):
        place = new_place()  # 2
        clip = _spoken(speech, issue, place, report)  # 3
        encoded = encode(clip, to)  # 4
        report("checking the mark", 85)
        try:
            seen = read_back(decoded(encoded).mono(), issue.key, issue.record, place)  # 5
        except MarkUnreadable:
            if last or clip.length_s > SHORT_S:
                raise
            continue
        return Made(encoded, clip.length_s, issue, place, seen)
    raise MarkUnreadable


def decoded(encoded: Encoded) -> Clip:
    """What a receiver of these very bytes will hear; foreign or our own, files are decoded in the sandbox."""
    if encoded.format in (Format.PCM, Format.MULAW):
        return decode_raw(encoded)
    return decode(encoded.data, OUTPUT_LIMITS)


def _spoken(speech: Spoken, issue: Issue, place: Place, report: Report) -> Clip:
    rate_hz = speech.engine.rate_hz
    gain = gain_field(issue.key, issue.record, *place, rate_hz=rate_hz, n_fft=N_FFT, hop=HOP)
    expected = max(1.0, speech.characters / CHARACTERS_A_SECOND) * rate_hz
    return Clip(np.concatenate(list(_watched(speech.chunks(gain), expected, report))), rate_hz)


def _watched(chunks: Iterator[Floats], expected: float, report: Report) -> Iterator[Floats]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        report("speaking", 5 + 75 * min(1.0, done / expected))
        yield chunk
