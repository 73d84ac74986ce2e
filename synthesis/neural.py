"""The product's voice behind the engine seam: `tts.voice.BaseVoice` on a CPU or a GPU.

Reads scripts through `tts.text`, strings sentences and pauses together so that the mark runs on as in
one sound, and turns the model's plain errors into the seam's. The model itself is in `tts`.

Shapes: T samples, L frames, D width of an embedding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audio.clip import Clip
from audio.resample import resample
from synthesis import engine as seam
from synthesis.batcher import Batcher
from synthesis.tts import convert, likeness, symbols, text, voicefile
from synthesis.tts.adapt import School
from synthesis.tts.adapter import Adapter
from synthesis.tts.learner import Interim, Pupil, TooLittle
from synthesis.tts.narrow import narrowed
from synthesis.tts.takes import Take
from synthesis.tts.text.errors import NothingToSay
from synthesis.tts.text.script import Utterance, Utterances
from synthesis.tts.voice import BaseVoice, Voice
from voices.prompts.script import script
from watermark.codec.portable import Tables

Floats = NDArray[np.float32]
_STAMP = "stamp."
_CONVERTED = 256  # frames of a chunk of a conversion, which nobody waits for
_RATE, _SEMITONES, _DECIBELS = (0.5, 2.0), (-12.0, 12.0), (-20.0, 12.0)  # what the model takes


@dataclass(frozen=True, slots=True)
class NeuralVoice:
    """A voice on this base."""

    voice: Voice
    kind: str
    base_sha256: str


class _Manner(TypedDict):
    """What the model takes: speed as a factor, pitch in semitones, energy in decibels."""

    rate: float
    pitch: float
    energy: float


class NeuralEngine:
    """See the module; the contract is `engine.Engine`'s. Built by `load`."""

    name = "neural"
    rate_hz = seam.RATE_HZ
    has_words = True

    def __init__(self, base: BaseVoice, *, is_narrow: bool = False) -> None:
        self.base = base
        self.speaking = narrowed(base) if is_narrow else base
        self.together = Batcher(self.speaking)
        self.school = School(base)
        self.base_sha256 = base.sha256
        self.same_speaker_at = base.same_speaker

    @classmethod
    def load(cls, weights: Path, device: str = "cpu", *, is_narrow: bool = False) -> NeuralEngine:
        """Read the base from a folder; its hash is checked.

        Args:
            is_narrow: speak in 8 bits (see `tts.narrow`), learn in float.

        Raises:
            WeightsMissing: no base there, or not the one its digest names.
        """
        try:
            engine = cls(BaseVoice.load(weights, device=device), is_narrow=is_narrow)
        except voicefile.BadVoiceFile as fault:
            raise seam.WeightsMissing(str(fault)) from fault
        engine.prepare("Unpack the dictionary now, not at the first request.")
        return engine

    def prepare(
        self, script: str, *, language: str = "en", ssml: bool = False, lexicon: seam.Lexicon | None = None
    ) -> Utterances:
        """Read a script into phonemes; see `text.prepare`."""
        return text.prepare(script, language=language, ssml=ssml, lexicon=lexicon)

    def base_voice(self) -> NeuralVoice:
        """The first of the voices that come with the base."""
        if not self.base.voices:
            raise seam.WeightsMissing("these weights bring no voice")
        vector = self.base.voices[min(self.base.voices)]
        return NeuralVoice(Voice(vector), "base", self.base_sha256)

    def render(
        self, utterances: Utterances, voice: seam.VoiceState, *, gain: seam.GainField,
        seed: int = 0, rate: float = 1.0, pitch: float = 1.0, energy: float = 1.0,
    ) -> Floats:
        """The whole script as sound (T,); on a CPU bit for bit the same for the same arguments."""
        chosen, frames, sound = self._own(voice), 0, []
        for number, part in enumerate(utterances):
            if part.phonemes:
                manner = _manner(part, rate, pitch, energy)
                spoken = self.speaking.speak(
                    symbols.ids(part.phonemes), chosen, seed=seed + number, gain=_from(gain, frames), **manner
                )
                sound.append(spoken)
                frames += len(spoken) // seam.HOP
            pause = _pause(part, rate)
            sound.append(pause)
            frames += len(pause) // seam.HOP
        return np.concatenate(sound)

    def stream(
        self, utterances: Utterances, voice: seam.VoiceState, *, gain: seam.GainField,
        seed: int = 0, rate: float = 1.0, pitch: float = 1.0, energy: float = 1.0,
    ) -> Iterator[Floats]:
        """As `render`, the first quarter of a second as soon as the first sentence is read.

        Threads that stream at the same time are computed together; see `synthesis.batcher`.
        """
        chosen = self._own(voice)
        return self._chunks(utterances, chosen, gain, seed, rate, pitch, energy)

    def _chunks(
        self, utterances: Utterances, chosen: Voice, gain: seam.GainField,
        seed: int, rate: float, pitch: float, energy: float,
    ) -> Iterator[Floats]:
        frames = 0
        for number, part in enumerate(utterances):
            if part.phonemes:
                manner, sent = _manner(part, rate, pitch, energy), 0
                ids = symbols.ids(part.phonemes)
                for chunk in self.together.stream(ids, chosen, seed=seed + number, gain=_from(gain, frames), **manner):
                    sent += len(chunk)
                    yield chunk
                frames += sent // seam.HOP
            pause = _pause(part, rate)
            frames += len(pause) // seam.HOP
            if len(pause):
                yield pause

    def convert(
        self, utterances: Utterances, voice: seam.VoiceState, samples: Floats, rate_hz: int, *,
        gain: seam.GainField, seed: int = 0,
    ) -> Iterator[Floats]:
        """What a recording says, in another voice; see `tts.convert`."""
        chosen = self._own(voice)
        ids = symbols.ids(" ".join(part.phonemes for part in utterances if part.phonemes))
        try:
            begun = convert.begin(self.base, ids, chosen, _at_own_rate(samples, rate_hz), seed=seed)
        except ValueError as fault:
            raise seam.WordsTooMany(str(fault), seconds=round(len(samples) / rate_hz, 1)) from fault
        return convert.speech(self.base, begun, gain, repeat(_CONVERTED))

    def voice_vector(self, samples: Floats, rate_hz: int) -> NeuralVoice:
        """A preview voice from one clip, without its text."""
        try:
            voice = likeness.preview(self.base, _at_own_rate(samples, rate_hz))
        except ValueError as fault:
            raise seam.TooLittleSpeech(str(fault), seconds=round(len(samples) / rate_hz, 1)) from fault
        return NeuralVoice(voice, "preview", self.base_sha256)

    def adapt(
        self, takes: Sequence[seam.Take], *, seed: int = 0,
        progress: seam.Progress = lambda done: None, should_stop: seam.ShouldStop = lambda: False,
        begun: bytes | None = None, interim: Callable[[seam.Interim], None] | None = None,
    ) -> bytes:
        """Train an adapter; takes whose text holds nothing to say are left out.

        Threads that train at the same time learn in one batch; see `tts.adapt.School`.
        """
        stopped = False

        def asked() -> bool:
            nonlocal stopped
            stopped = stopped or should_stop()
            return stopped

        def told(news: Interim) -> None:
            if interim is not None:
                interim(seam.Interim(news.done, news.state, news.adapter.to_bytes()))

        pupil = Pupil(
            _read(takes), seed, lambda done, _: progress(done), asked, _replay(), begun, told if interim else None
        )
        try:
            adapter = self.school.adapt(pupil)
        except TooLittle as fault:
            raise seam.TooLittleSpeech(str(fault), takes=len(takes)) from fault
        except voicefile.BadVoiceFile as fault:
            raise seam.VoiceFileDamaged(str(fault)) from fault
        if stopped:
            raise seam.AdaptationStopped
        return adapter.to_bytes()

    def load_voice(self, stored: bytes, *, research: bool = False) -> NeuralVoice:
        """Read `adapt`'s bytes back."""
        try:
            adapter = Adapter.from_bytes(stored)
            vector = adapter.tensors["voice"].numpy()
        except (voicefile.BadVoiceFile, KeyError) as fault:
            raise seam.VoiceFileDamaged(str(fault)) from fault
        if adapter.base != self.base_sha256:
            raise seam.VoiceOfAnotherBase
        if "research" in self.stamps(stored) and not research:
            raise seam.ResearchVoice
        return NeuralVoice(Voice(vector, adapter), "adapted", self.base_sha256)

    def stamped(self, stored: bytes, stamps: Mapping[str, str]) -> bytes:
        """The same file with `stamps` among its metadata; tensors stay as they are, bit for bit."""
        tensors, facts = _parsed(stored)
        named = {_STAMP + name: fact for name, fact in stamps.items()}
        return voicefile.pack(tensors, {**facts, **named})

    def stamps(self, stored: bytes) -> dict[str, str]:
        """The facts written into a file."""
        _, facts = _parsed(stored)
        return {name.removeprefix(_STAMP): fact for name, fact in facts.items() if name.startswith(_STAMP)}

    def portable(
        self, voice: seam.VoiceState, mark: Tables, *, language: str = "en", precision: str = "float"
    ) -> seam.Portable:
        """The graph of one trained voice; about five seconds of work."""
        from synthesis.tts import bank  # brings onnx, which nothing else needs

        own = self._own(voice)
        if voice.kind != "adapted":
            raise seam.NotPortable
        chosen: bank.Precision = "int8" if precision == "int8" else "float"
        model = bank.model(self.base, own, mark, language=language, precision=chosen)

        def speak(script: str) -> Floats:
            said = (part.phonemes for part in self.prepare(script) if part.phonemes)
            return bank.speak(model, [symbols.ids(phonemes) for phonemes in said])

        return seam.Portable(model, bank.piper_config(language), bank.tokens(), speak)

    def embedding(self, samples: Floats, rate_hz: int) -> Floats:
        """Who speaks, as a unit vector (D,)."""
        try:
            return self.base.speaker_embedding(_at_own_rate(samples, rate_hz))
        except ValueError as fault:
            raise seam.TooLittleSpeech(str(fault), seconds=round(len(samples) / rate_hz, 1)) from fault

    def _own(self, voice: seam.VoiceState) -> Voice:
        if not isinstance(voice, NeuralVoice) or voice.base_sha256 != self.base_sha256:
            raise seam.VoiceOfAnotherBase
        return voice.voice


def _parsed(stored: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        return voicefile.parse(stored)
    except voicefile.BadVoiceFile as fault:
        raise seam.VoiceFileDamaged(str(fault)) from fault


def _from(gain: seam.GainField, offset: int) -> seam.GainField:
    """The gain field as a sentence sees it that begins at frame `offset`."""
    return lambda first, frames: gain(offset + first, frames)


def _manner(part: Utterance, rate: float, pitch: float, energy: float) -> _Manner:
    """The caller's controls and the utterance's own, held to what the model can do."""
    loud_db = 20 * math.log10(max(energy, 1e-3)) + part.manner.volume_db
    return {
        "rate": _held(rate * part.manner.rate, _RATE),
        "pitch": _held(12 * math.log2(pitch * part.manner.pitch), _SEMITONES),
        "energy": _held(loud_db, _DECIBELS),
    }


def _held(value: float, bounds: tuple[float, float]) -> float:
    return min(bounds[1], max(bounds[0], value))


def _pause(part: Utterance, rate: float) -> Floats:
    """Silence after an utterance, whole frames long, so that the mark's frames stay in step."""
    frames = round(part.pause_s / rate * seam.RATE_HZ / seam.HOP)
    return np.zeros(frames * seam.HOP, np.float32)


def _at_own_rate(samples: Floats, rate_hz: int) -> Floats:
    return resample(Clip.of(samples, rate_hz), seam.RATE_HZ).samples


@cache
def _replay() -> list[list[int]]:
    """The sentences that are said in every training: those of the prompt script, which hold all sounds of English."""
    every = script("en")
    return [symbols.ids(text.phonemes(prompt.text)) for prompt in every.prompts] if every else []


def _read(takes: Sequence[seam.Take]) -> list[Take]:
    """Takes with the phonemes of their text."""
    read: list[Take] = []
    for take in takes:
        try:
            phonemes = text.phonemes(take.text, language=take.language)
        except NothingToSay:
            continue
        read.append(Take(_at_own_rate(take.samples, take.rate_hz), symbols.ids(phonemes)))
    return read
