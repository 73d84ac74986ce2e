"""People whom no training heard: what of their recordings is kept apart, and voices made of the rest.

An adapter takes minutes to train, so it is kept, under a name that says which weights and which training made it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from synthesis.bench.pseudo import recordings_of
from synthesis.bench.run import Bench, Spoken
from synthesis.bench.systems import Prompt, recordings
from synthesis.engine import Engine, Floats, Take, VoiceState
from synthesis.training.corpora import Recording

HELD_S = 40.0  # of recordings that no adapter hears
PREVIEW_MIN = 0.4
LANGUAGES = {"flemishguy": "nl"}
# of `synthesis.tts`: what an adapter depends on, but weights
_TRAINING = ("adapt", "learner", "losses", "clearness", "takes", "alignment", "features", "likeness", "pairing")


@dataclass(frozen=True)
class Person:
    """Somebody of the bench: recordings that no adapter hears, the rest, and `held` as sounds of a system."""

    name: str
    held: list[Recording]
    rest: list[Recording]
    apart: Spoken

    def prompts(self, of: str) -> list[Prompt]:
        """The kept texts."""
        return [Prompt(f"{of}-{one.name}", one.text, one.path) for one in self.held]


def person_of(bench: Bench, name: str, heard: Sequence[Recording]) -> Person:
    """A person by name; `lj-low` and `lj-high` are made by WORLD."""
    held, rest = parted(recordings_of(name, heard, bench.folder / "pseudo"))
    said = [Prompt(f"held-{name}-{one.name}", one.text, one.path) for one in held]
    return Person(name, held, rest, bench.speak(recordings(), said))


def parted(own: Sequence[Recording]) -> tuple[list[Recording], list[Recording]]:
    """Recordings to compare with, spread over all of them, until there are HELD_S; and the rest."""
    seconds = [soundfile.info(one.path).duration for one in own]
    step = max(2, int(sum(seconds) / HELD_S))
    held: list[Recording] = []
    for one in own[::step]:
        if sum(soundfile.info(kept.path).duration for kept in held) < HELD_S:
            held.append(one)
    return held, [one for one in own if one not in held]


def minutes_of(own: Sequence[Recording]) -> float:
    """How much there is."""
    return float(sum(soundfile.info(one.path).duration for one in own)) / 60


def takes_of(own: Sequence[Recording], minutes: float) -> list[Take]:
    """Takes from the beginning, until there are so many minutes of them."""
    found: list[Take] = []
    seconds = 0.0
    for one in own:
        if seconds >= 60 * minutes:
            break
        samples, rate_hz = soundfile.read(one.path, dtype="float32", always_2d=True)
        found.append(Take(samples.mean(1), int(rate_hz), one.text, LANGUAGES.get(one.speaker, "en")))
        seconds += len(samples) / rate_hz
    return found


def voice_of(bench: Bench, made: Engine, person: Person, minutes: float) -> VoiceState:
    """A voice of so many minutes, the preview of PREVIEW_MIN for 0; trained now, or kept from before."""
    if not minutes:
        preview = takes_of(person.rest, PREVIEW_MIN)
        return made.voice_vector(_whole(preview), preview[0].rate_hz)
    name = f"{person.name}-{minutes:g}-{made.base_sha256[:12]}-{training_digest()}.safetensors"
    return made.load_voice(_kept(bench.folder / "adapters" / name, lambda: made.adapt(takes_of(person.rest, minutes))))


@cache
def training_digest() -> str:
    """Eight hexadecimal digits that change with the code that trains an adapter."""
    folder = Path(__file__).parents[1] / "tts"
    return hashlib.sha256(b"".join((folder / f"{name}.py").read_bytes() for name in _TRAINING)).hexdigest()[:8]


def _whole(takes: Sequence[Take]) -> Floats:
    return np.concatenate([take.samples for take in takes])


def _kept(file: Path, train: Callable[[], bytes]) -> bytes:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(train())
    return file.read_bytes()
