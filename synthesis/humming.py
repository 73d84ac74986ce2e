"""A voice that hums the phonemes: the whole pipeline in milliseconds, with no weights at all.

For tests, for demonstrations without a model and as the honest lower end of every measurement. It is a
source-filter voice: pulses and noise, shaped frame by frame by formants and by the long-term spectrum
of a person. What it learns of a person is just that: median pitch, how far it moves, and the spectrum.
So a "fine-tuned" humming voice truly comes from recordings and is truly told apart from others, but
nobody will take it for speech. The mark enters before its inverse transform, as in the real voice.

Shapes: T samples, D width of an embedding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from synthesis import engine as seam
from synthesis.hearing import Traits, generic_db, traits_of
from synthesis.score import TABLES, Score, sound, source
from synthesis.tts import text
from synthesis.tts.text.script import Utterances
from watermark.codec.portable import Tables

Floats = NDArray[np.float32]
FORMAT = "consonant-humming-1"  # a reader refuses any other; a new field means a new number
_PHRASE = "A low sun warms the old harbour while many boats sail home again under a quiet moon."
_FASTEST = 3.0  # times its own speed
BASE_SHA256 = hashlib.sha256(
    json.dumps([FORMAT, *TABLES], sort_keys=True).encode()
).hexdigest()


@dataclass(frozen=True, slots=True)
class HummingVoice:
    """What the engine knows of one person."""

    traits: Traits
    kind: str
    base_sha256: str = BASE_SHA256


class HummingEngine:
    """See the module; the contract is `engine.Engine`'s."""

    name = "humming"
    base_sha256 = BASE_SHA256
    rate_hz = seam.RATE_HZ
    has_words = False
    same_speaker_at = 0.55  # between most strangers (below 0.6) and most pairs of one person (above 0.7)

    def prepare(
        self, script: str, *, language: str = "en", ssml: bool = False, lexicon: seam.Lexicon | None = None
    ) -> Utterances:
        """Read a script into phonemes; see `text.prepare`."""
        return text.prepare(script, language=language, ssml=ssml, lexicon=lexicon)

    def base_voice(self) -> HummingVoice:
        """A voice of no person: 150 Hz and the mean spectrum of speech."""
        return HummingVoice(Traits(f0_hz=150.0, f0_spread=0.12, spectrum_db=tuple(generic_db().tolist())), "base")

    def render(
        self, utterances: Utterances, voice: seam.VoiceState, *, gain: seam.GainField,
        seed: int = 0, rate: float = 1.0, pitch: float = 1.0, energy: float = 1.0,
    ) -> Floats:
        """The whole script as sound (T,); bit for bit the same for the same arguments."""
        chunks = self.stream(utterances, voice, gain=gain, seed=seed, rate=rate, pitch=pitch, energy=energy)
        return np.concatenate(list(chunks))

    def stream(
        self, utterances: Utterances, voice: seam.VoiceState, *, gain: seam.GainField,
        seed: int = 0, rate: float = 1.0, pitch: float = 1.0, energy: float = 1.0,
    ) -> Iterator[Floats]:
        """As `render`, a quarter of a second at a time."""
        mine = self._own(voice)
        rng = np.random.default_rng(seed)
        score = Score.of(utterances, mine.traits, rng, rate=rate, pitch=pitch, energy=energy)
        return sound(score, source(score, rng), gain)

    def convert(
        self, utterances: Utterances, voice: seam.VoiceState, samples: Floats, rate_hz: int, *,
        gain: seam.GainField, seed: int = 0,
    ) -> Iterator[Floats]:
        """The script hummed about as long as the recording: the only thing of it that humming can keep."""
        plain = Score.of(
            utterances, self._own(voice).traits, np.random.default_rng(seed), rate=1.0, pitch=1.0, energy=1.0
        )
        faster = len(plain.f0_hz) * seam.HOP / self.rate_hz / max(len(samples) / rate_hz, 0.1)
        if faster > _FASTEST:
            raise seam.WordsTooMany(seconds=round(len(samples) / rate_hz, 1))
        return self.stream(utterances, voice, gain=gain, seed=seed, rate=max(faster, 1 / _FASTEST))

    def voice_vector(self, samples: Floats, rate_hz: int) -> HummingVoice:
        """A preview voice: the traits of one clip."""
        return HummingVoice(self._tuned(_traits(samples, rate_hz)), "preview")

    def adapt(
        self, takes: Sequence[seam.Take], *, seed: int = 0,
        progress: seam.Progress = lambda done: None, should_stop: seam.ShouldStop = lambda: False,
        begun: bytes | None = None, interim: Callable[[seam.Interim], None] | None = None,
    ) -> bytes:
        """The median traits of all takes as a small JSON file; `seed` changes nothing, and nothing is half done."""
        heard: list[Traits] = []
        for number, take in enumerate(takes, 1):
            if should_stop():
                raise seam.AdaptationStopped
            found = traits_of(take.samples, take.rate_hz)
            heard += [found] if found else []
            progress(number / len(takes))
        if not heard:
            raise seam.TooLittleSpeech(takes=len(takes))
        return _stored(self._tuned(Traits.median(heard)), {}, BASE_SHA256)

    def load_voice(self, stored: bytes, *, research: bool = False) -> HummingVoice:
        """Read `adapt`'s bytes back; refuses what is not exactly that."""
        traits, stamps, base = _read(stored)
        if base != BASE_SHA256:
            raise seam.VoiceOfAnotherBase
        if "research" in stamps and not research:
            raise seam.ResearchVoice
        return HummingVoice(traits, "adapted")

    def stamped(self, stored: bytes, stamps: Mapping[str, str]) -> bytes:
        """The same file with `stamps` added."""
        traits, found, base = _read(stored)
        return _stored(traits, {**found, **stamps}, base)

    def stamps(self, stored: bytes) -> dict[str, str]:
        """The facts written into a file."""
        return _read(stored)[1]

    def portable(
        self, voice: seam.VoiceState, mark: Tables, *, language: str = "en", precision: str = "float"
    ) -> seam.Portable:
        """There is no graph of humming."""
        raise seam.NotPortable

    def embedding(self, samples: Floats, rate_hz: int) -> Floats:
        """Spectrum and pitch as differences from an average voice, as a unit vector."""
        return _traits(samples, rate_hz).vector()

    def _tuned(self, wanted: Traits) -> Traits:
        """Traits that, once hummed, are heard as `wanted`: what formants and hisses add is taken off before."""
        drive, phrase = wanted, self.prepare(_PHRASE)
        for _ in range(2):
            hummed = self.render(phrase, HummingVoice(drive, "draft"), gain=_level_gain)
            drive = drive.corrected(wanted, _traits(hummed, self.rate_hz))
        return drive

    def _own(self, voice: seam.VoiceState) -> HummingVoice:
        if not isinstance(voice, HummingVoice) or voice.base_sha256 != BASE_SHA256:
            raise seam.VoiceOfAnotherBase
        return voice


def _level_gain(first_frame: int, frames: int) -> Floats:
    """No mark: for sound that is only measured here and never leaves."""
    return np.ones((frames, seam.BINS), np.float32)


def _traits(samples: Floats, rate_hz: int) -> Traits:
    found = traits_of(samples, rate_hz)
    if found is None:
        raise seam.TooLittleSpeech(seconds=round(len(samples) / rate_hz, 1))
    return found


def _stored(traits: Traits, stamps: Mapping[str, str], base: str) -> bytes:
    body = {"format": FORMAT, "base_sha256": base, "traits": asdict(traits), "stamps": dict(stamps)}
    return json.dumps(body, sort_keys=True).encode()


def _read(stored: bytes) -> tuple[Traits, dict[str, str], str]:
    """Traits, stamps and base of a voice file.

    Raises:
        VoiceFileDamaged: not a voice of this engine and format.
    """
    try:
        values = json.loads(stored)
        form, base = values["format"], str(values["base_sha256"])
        stamps = {str(name): str(fact) for name, fact in values["stamps"].items()}
        traits = Traits.checked(**values["traits"])
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise seam.VoiceFileDamaged from fault
    if form != FORMAT:
        raise seam.VoiceFileDamaged
    return traits, stamps, base
