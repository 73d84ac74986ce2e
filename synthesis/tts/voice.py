"""The base voice: phoneme ids and a voice in, marked sound out.

The one door that the rest of the product uses. It turns no text into phonemes, keeps no voice
between calls and decides nothing about consent. The same weights, ids, voice and seed give the
same samples on the same machine; on a CPU bit for bit.

`gain` is the watermark's seam (see `stream.Gain`); the product always hands one in. Leaving it
out is for training and measurements.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from synthesis.tts import adapter, features, pitch, symbols, voicefile
from synthesis.tts.acoustic import PITCH_UNIT_HZ, Acoustic, Person
from synthesis.tts.adapter import Adapter
from synthesis.tts.aligner import Aligner
from synthesis.tts.config import BaseConfig
from synthesis.tts.source import NOISE_FRAMES
from synthesis.tts.speaker import SpeakerNet
from synthesis.tts.stream import Gain, Progress, pieces
from synthesis.tts.vocoder import Vocoder

VoiceVector = NDArray[np.float32]  # (128,)
FIRST_PIECE, NEXT_PIECES = 24, 64  # frames; small at first, so that sound begins early
_DB = math.log(10) / 20  # one decibel in natural-log magnitude
_SEMITONE = math.log(2) / 12


@dataclass(frozen=True)
class Voice:
    """Who speaks: a voice vector and, when one was trained, the adapter that goes with it."""

    vector: VoiceVector
    adapter: Adapter | None = None


@dataclass
class BaseVoice:
    """The shipped model. Built by `load`; never changed afterwards.

    Attributes:
        sha256: digest of the weights file; adapters name it.
        voices: vectors of the voices that come with the base, by name ("kathleen").
        same_speaker: cosine at which two clips count as one person; its error rates stand on
            the model card.
    """

    config: BaseConfig
    acoustic: Acoustic
    vocoder: Vocoder
    speaker: SpeakerNet
    aligner: Aligner
    sha256: str
    device: str = "cpu"
    voices: dict[str, VoiceVector] = field(default_factory=dict)
    same_speaker: float = 0.5
    rate_hz: int = features.RATE_HZ

    @classmethod
    def load(cls, folder: Path, *, device: str = "cpu") -> "BaseVoice":
        """Read `base.safetensors` from `folder`.

        Raises:
            BadVoiceFile: missing, altered, or written by another design.
        """
        tensors, facts, digest = voicefile.load_base(Path(folder))
        try:
            config = BaseConfig.from_dict(facts["model"])
            base = cls.blank(config, digest, device)
            for name, net in base.parts().items():
                own = {key.removeprefix(name + "."): value for key, value in tensors.items()
                       if key.startswith(name + ".")}
                net.load_state_dict(own)
        except (KeyError, ValueError, RuntimeError) as wrong:
            raise voicefile.BadVoiceFile(f"weights that do not fit this version: {wrong}") from wrong
        for key, value in tensors.items():
            if key.startswith("voices."):
                base.voices[key.removeprefix("voices.")] = value.numpy()
        base.same_speaker = float(facts.get("same_speaker", base.same_speaker))
        return base

    @classmethod
    def blank(cls, config: BaseConfig, digest: str = "", device: str = "cpu") -> "BaseVoice":
        """A base with untrained weights: it hums. For tests and for training."""
        base = cls(config, Acoustic(config.acoustic), Vocoder(config.vocoder), SpeakerNet(config.speaker),
                   Aligner(config.aligner), digest or hashlib.sha256(b"untrained").hexdigest(), device)
        for net in base.parts().values():
            net.to(device).eval().requires_grad_(False)
        return base

    def parts(self) -> dict[str, torch.nn.Module]:
        """The networks by the prefix of their tensors in the weights file."""
        return {"acoustic": self.acoustic, "vocoder": self.vocoder, "speaker": self.speaker,
                "aligner": self.aligner}

    def speak(self, ids: Sequence[int], voice: Voice | VoiceVector, *, seed: int, rate: float = 1.0,
              pitch: float = 0.0, energy: float = 0.0, gain: Gain | None = None) -> NDArray[np.float32]:
        """One sentence as sound.

        Args:
            ids: phoneme numbers from `symbols.ids`; blanks may stay in.
            voice: a Voice, or the vector of one without an adapter.
            seed: chooses the breath noise; equal seeds give equal samples.
            rate: speed of speech, 0.5 to 2; 1 is the person's own.
            pitch: semitones up or down, -12 to 12.
            energy: decibels up or down, -20 to 12.
            gain: watermark field; see `stream.Gain`.

        Returns:
            float32 (T,) in [-1, 1] at `rate_hz`.

        Raises:
            ValueError: nothing to say, a value out of range, or an adapter made for another base.
        """
        whole = self.stream(ids, voice, seed=seed, rate=rate, pitch=pitch, energy=energy, gain=gain,
                            sizes=repeat(1 << 30))
        return np.concatenate(list(whole))

    def stream(self, ids: Sequence[int], voice: Voice | VoiceVector, *, seed: int, rate: float = 1.0,
               pitch: float = 0.0, energy: float = 0.0, gain: Gain | None = None,
               sizes: Iterator[int] | None = None) -> Iterator[NDArray[np.float32]]:
        """As `speak`, in pieces of about a second of sound or less; joined they equal it to 1e-5."""
        progress = self.begin(ids, voice, seed=seed, rate=rate, pitch=pitch, energy=energy)
        steps = sizes or chain([FIRST_PIECE], repeat(NEXT_PIECES))
        return pieces(self.acoustic, self.vocoder, progress, gain, steps)

    @torch.no_grad()
    def begin(self, ids: Sequence[int], voice: Voice | VoiceVector, *, seed: int, rate: float = 1.0,
              pitch: float = 0.0, energy: float = 0.0) -> Progress:
        """Read the sentence and plan its prosody; what is left to do stands in the Progress."""
        _check(rate, pitch, energy)
        units = self.units(ids)
        who = self.person([voice])
        mask = torch.ones(units.shape[:2], dtype=torch.bool, device=self.device)
        read = self.acoustic.read(units, mask, who)
        plan = self.acoustic.plan(read, mask, who, rate=rate, pitch=pitch * _SEMITONE)
        inner = self.acoustic.frames(read, plan, int(plan.durations.sum()))
        return Progress(inner, who, noise_start(seed), energy * _DB)

    def units(self, ids: Sequence[int]) -> torch.Tensor:
        """Ids as the encoder reads them, (1, N, 3).

        Raises:
            ValueError: no sound among them, or a number outside the table.
        """
        folded = symbols.units(ids)
        if not any(unit.base not in symbols.PAUSE_IDS for unit in folded):
            raise ValueError("nothing to say: no sounds among the phoneme ids")
        if not all(0 <= number < symbols.COUNT for unit in folded for number in unit):
            raise ValueError(f"phoneme ids lie between 0 and {symbols.COUNT - 1}")
        return torch.tensor([folded], dtype=torch.long, device=self.device)

    def person(self, voices: Sequence[Voice | VoiceVector]) -> Person:
        """The rows of a batch: who speaks in each."""
        given = [voice if isinstance(voice, Voice) else Voice(voice) for voice in voices]
        for one in given:
            if one.adapter is not None and one.adapter.base != self.sha256:
                raise ValueError("this adapter was made for another base voice")
        vectors = [torch.from_numpy(np.asarray(one.vector, np.float32)).to(self.device) for one in given]
        tensors = [None if one.adapter is None else one.adapter.tensors for one in given]
        return adapter.person(self.config.acoustic, vectors, tensors)

    @torch.no_grad()
    def voice_vector(self, clip: NDArray[np.float32], track: pitch.Track | None = None) -> VoiceVector:
        """The voice of a clip as the reference encoder hears it; `likeness.preview` makes more of it.

        Args:
            clip: mono float32 (T,) at 24 kHz, one person, 5 to 30 s for a good likeness; any level.
            track: `pitch.track` of the clip, where it is known.

        Raises:
            ValueError: shorter than half a second, or silent.
        """
        mel = self._heard(clip)
        f0, voiced = pitch.track(clip) if track is None else track
        own = np.log(f0[voiced > 0] / PITCH_UNIT_HZ) if voiced.any() else np.zeros(1, np.float32)
        measured = torch.tensor([[float(own.mean()), float(own.std())]])
        statistics = self.speaker.statistics(mel, torch.ones(mel.shape[:2], dtype=torch.bool))
        return np.asarray(self.speaker.voice_vector(statistics, measured)[0].numpy(), np.float32)

    @torch.no_grad()
    def speaker_embedding(self, clip: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit vector (E,) of who speaks in mono sound at 24 kHz; compare by dot product with `same_speaker`.

        Raises:
            ValueError: shorter than half a second, or silent.
        """
        mel = self._heard(clip)
        statistics = self.speaker.statistics(mel, torch.ones(mel.shape[:2], dtype=torch.bool))
        return np.asarray(self.speaker.embedding(statistics)[0].numpy(), np.float32)

    def _heard(self, clip: NDArray[np.float32]) -> torch.Tensor:
        if len(clip) < self.rate_hz // 2:
            raise ValueError("half a second of speech is the least a voice can be told from")
        if float(np.abs(clip).max()) < 1e-4:
            raise ValueError("the clip is silent")
        return features.log_mel(torch.from_numpy(features.levelled(clip))[None])


def noise_start(seed: int) -> int:
    """Where in the fixed noise the breath of a sound begins."""
    digest = hashlib.sha256(seed.to_bytes(16, "little", signed=True)).digest()
    return int.from_bytes(digest[:4], "little") % NOISE_FRAMES


def _check(rate: float, pitch: float, energy: float) -> None:
    for name, value, low, high in (("rate", rate, 0.5, 2.0), ("pitch", pitch, -12.0, 12.0),
                                   ("energy", energy, -20.0, 12.0)):
        if not low <= value <= high:
            raise ValueError(f"{name} {value} lies outside {low} to {high}")
