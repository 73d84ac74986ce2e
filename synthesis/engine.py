"""The seam between the platform and a voice: text in, marked sound out.

Workers hold one Engine for their life and call it for every job; which voice speaks is an argument of
each call and never state. There are two: `neural` (the product's voice model) and `humming` (a tiny
source-filter voice for tests and for machines without weights). This module knows no Django, no files
but the weights, no consent and no keys: the caller decides who may speak and brings the gain field
that carries the mark.

Sound is float32, mono, nominal range [-1, 1], at the engine's `rate_hz`.

Shapes: T samples, L frames (256 samples each), F bins (513), D width of an embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from problems.errors import Conflict, Invalid, Refused, Unavailable
from synthesis.tts.text.script import Utterances
from watermark.codec.portable import Tables

RATE_HZ, N_FFT, HOP = 24_000, 1024, 256
BINS = N_FFT // 2 + 1
# How far below `same_speaker_at` nothing can be said. That lets one stranger in a thousand through, this one in a
# hundred; between lies one pair in seven of one person, on another day or at another microphone.
UNSURE = 0.15

Floats = NDArray[np.float32]
# (first_frame, frames) -> gains (frames, F) around 1; pure, so that chunks and whole agree.
# Frame i is centred on sample i * HOP of the output. `watermark.codec.embed.gain_field` makes them.
GainField = Callable[[int, int], Floats]
Progress = Callable[[float], None]  # told the part that is done, 0 to 1
ShouldStop = Callable[[], bool]  # asked between steps; true ends the work with `AdaptationStopped`
Lexicon = Mapping[str, str]  # written form -> phonemes in the voice's inventory


class VoiceOfAnotherBase(Conflict):
    """A voice file that was made on another base voice."""

    code = "voice-of-another-base"
    title = "The voice belongs to another base voice"
    meaning = "A voice file only speaks on the base it was trained on. The worker has other weights loaded."


class VoiceFileDamaged(Invalid):
    """Bytes that are not a voice file of this engine."""

    code = "voice-file-damaged"
    title = "The voice file cannot be read"
    meaning = "The bytes are not a voice of this engine, or they were altered."


class TooLittleSpeech(Invalid):
    """Recordings with too little voice in them to learn from."""

    code = "too-little-speech"
    title = "There is too little speech in the recordings"
    meaning = "A voice needs some seconds of clearly voiced speech. The answer says how much was found."


class WeightsMissing(Unavailable):
    """No usable weights where the worker looked."""

    code = "weights-missing"
    title = "The base voice is not installed"
    meaning = "The worker found no weights, or their SHA-256 is not the one the card states."


class ResearchVoice(Refused):
    """A voice file made without a consent receipt, for research only."""

    code = "research-voice"
    title = "The voice was made for research only"
    meaning = (
        "The file says that it was made without a consent receipt and for which research. "
        "It speaks at the desk of whoever made it, marked as research, and on no server."
    )


class NotPortable(Conflict):
    """A voice that cannot be written out as a file."""

    code = "voice-not-portable"
    title = "This version cannot leave as a file"
    meaning = "Only a trained version of the voice model can be written out; a preview or a test voice cannot."


class WordsTooMany(Invalid):
    """A recording that is too short for what is said to be said in it."""

    code = "words-too-many"
    title = "The recording is too short for these words"
    meaning = "The transcript holds more sounds than can be spoken in the time of the recording: it is of another."


class AdaptationStopped(Exception):
    """`should_stop` said so; nothing was kept."""


class VoiceState(Protocol):
    """A voice ready to speak: small, immutable, bound to one base."""

    @property
    def base_sha256(self) -> str:
        """The base it belongs to."""

    @property
    def kind(self) -> str:
        """"base", "preview" (from seconds, untrained) or "adapted"."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """One recording of the person and what they said in it.

    Args:
        samples: mono float32, shape (T,).
        rate_hz: of the samples; engines resample for themselves.
        text: the transcript; may be empty where an engine needs none.
        language: of the transcript.
    """

    samples: Floats
    rate_hz: int
    text: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, eq=False)
class Portable:
    """A voice as files that speak without us, its mark inside.

    Args:
        model: the ONNX graph. config: what Piper reads beside it. tokens: what sherpa-onnx reads.
        speak: what the graph itself says, run as a stranger would, (T,) at `rate_hz`; for reading the mark back.
    """

    model: bytes
    config: bytes
    tokens: bytes
    speak: Callable[[str], Floats]
    rate_hz: int = RATE_HZ


@dataclass(frozen=True, slots=True, eq=False)
class Interim:
    """How far a training is.

    Args:
        done: the share of it, 0 to 1; it may end sooner.
        state: what it goes on from, for `Engine.adapt`.
        stored: the best voice so far, for `Engine.load_voice`. No card has judged it.
    """

    done: float
    state: bytes
    stored: bytes


class Engine(Protocol):
    """What a worker needs of a voice. Safe to call from several threads at once."""

    name: str
    base_sha256: str
    rate_hz: int
    same_speaker_at: float  # cosine of two embeddings from which on they count as one person
    has_words: bool  # whether what it says can be understood, so that a listener makes sense

    def prepare(
        self, script: str, *, language: str = "en", ssml: bool = False, lexicon: Lexicon | None = None
    ) -> Utterances:
        """Read a script into phonemes, without any sound yet.

        Raises:
            NothingToSay, ScriptTooLong, MarkupRefused, UnknownSound, LexiconRefused, LanguageNotSpoken:
                see `synthesis.tts.text.errors`.
        """

    def base_voice(self) -> VoiceState:
        """The voice that is shipped, nobody's clone."""

    def render(
        self, utterances: Utterances, voice: VoiceState, *, gain: GainField,
        seed: int = 0, rate: float = 1.0, pitch: float = 1.0, energy: float = 1.0,
    ) -> Floats:
        """The whole script as sound (T,), T a multiple of HOP; the same for the same arguments.

        Args:
            gain: the mark, applied to every frame before the inverse transform. It has no default:
                nothing is spoken unmarked.
            rate, pitch, energy: factors on top of each utterance's own manner; 1 is the voice's habit.

        Raises:
            VoiceOfAnotherBase: `voice` was made on other weights.
        """

    def stream(
        self, utterances: Utterances, voice: VoiceState, *, gain: GainField,
        seed: int = 0, rate: float = 1.0, pitch: float = 1.0, energy: float = 1.0,
    ) -> Iterator[Floats]:
        """As `render`, in chunks as they are ready; joined they equal it (neural: to 1e-5)."""

    def convert(
        self, utterances: Utterances, voice: VoiceState, samples: Floats, rate_hz: int, *,
        gain: GainField, seed: int = 0,
    ) -> Iterator[Floats]:
        """What a recording says, in another voice, with the recording's timing and melody; in chunks as `stream`.

        Args:
            utterances: what is said in the recording.
            samples: the recording, mono (T,), no level assumed. None of it goes into what comes out.

        Raises:
            VoiceOfAnotherBase. WordsTooMany: that cannot be said in this time.
        """

    def voice_vector(self, samples: Floats, rate_hz: int) -> VoiceState:
        """A preview voice from seconds of speech, no transcript, under a second of work.

        Raises:
            TooLittleSpeech: hardly any voice in the clip.
        """

    def adapt(
        self, takes: Sequence[Take], *, seed: int = 0,
        progress: Progress = lambda done: None, should_stop: ShouldStop = lambda: False,
        begun: bytes | None = None, interim: Callable[[Interim], None] | None = None,
    ) -> bytes:
        """Train a voice of its own from minutes of speech; the caller seals and stores the bytes.

        Args:
            begun: the newest `Interim.state` of a training of the same takes and seed that was broken off. It goes on
                there and ends with the same bytes; of other takes it begins anew.
            interim: told every few seconds how far it is; an engine that is done at once tells nothing.

        Raises:
            TooLittleSpeech: not enough to learn from.
            AdaptationStopped: `should_stop` returned true.
            VoiceFileDamaged: `begun` is nothing that a training told.
        """

    def load_voice(self, stored: bytes, *, research: bool = False) -> VoiceState:
        """Read `adapt`'s bytes back.

        Args:
            research: also accept a voice whose stamps say "research"; servers never do.

        Raises:
            VoiceFileDamaged, VoiceOfAnotherBase, ResearchVoice.
        """

    def stamped(self, stored: bytes, stamps: Mapping[str, str]) -> bytes:
        """The same voice with facts written into its file, such as the consent it stands on.

        Raises:
            VoiceFileDamaged.
        """

    def stamps(self, stored: bytes) -> dict[str, str]:
        """The facts that `stamped` wrote.

        Raises:
            VoiceFileDamaged.
        """

    def portable(self, voice: VoiceState, mark: Tables, *, language: str = "en", precision: str = "float") -> Portable:
        """Write a voice out as files that mark everything they say; precision is "float" or "int8".

        Raises:
            NotPortable: not a trained voice, or this engine writes none. VoiceOfAnotherBase.
        """

    def embedding(self, samples: Floats, rate_hz: int) -> Floats:
        """Who speaks, as a unit vector (D,); the cosine of two is compared with `same_speaker_at`.

        Raises:
            TooLittleSpeech: nothing to judge.
        """


def load_engine(name: str, weights: Path, device: str = "cpu") -> Engine:
    """The engine a worker runs: "neural" from the weights' folder, "neural-int8", or "humming", which has none.

    Raises:
        WeightsMissing: the folder holds no usable base voice.
        ValueError: no engine of that name.
    """
    if name == "humming":
        from synthesis.humming import HummingEngine

        return HummingEngine()
    if name in ("neural", "neural-int8"):
        from synthesis.neural import NeuralEngine  # torch stays outside processes that do not speak

        return NeuralEngine.load(weights, device, is_narrow=name == "neural-int8")
    raise ValueError(f"no engine {name!r}: neural, neural-int8 or humming")
