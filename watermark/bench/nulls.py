"""False alarms: wrong keys on real speech at a fixed place, and the whole search on sound that is not ours."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from watermark.bench import table
from watermark.bench.channels import CHANNELS
from watermark.bench.presence import some_outputs
from watermark.bench.speech import Clip
from watermark.codec import frames
from watermark.codec.bounds import log_tail
from watermark.codec.detect import ALPHA, detect
from watermark.codec.evidence import judged
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Outputs
from watermark.codec.pattern import NARROW

Floats = npt.NDArray[np.float32]

LEVELS = (3.0, 4.0, 4.5, 5.0)
P_VALUES = (0.1, 0.01, 1e-3, 1e-4, ALPHA)


@dataclass(frozen=True)
class WrongKeys:
    """Trials at a fixed place: spread of the score (1 by theory) and how often it passed a level."""

    trials: int
    spread: float
    level: float
    passed: int
    allowed: float


def wrong_keys(clips: Iterable[Clip], per_clip: int, *, seconds: float = 3.0, seed: int = 0) -> list[WrongKeys]:
    """Random sign patterns against the evidence of unmarked speech, in batches that fit the memory."""
    rng = np.random.default_rng(seed)
    scores = []
    for clip in clips:
        evidence = judged(frames.power(clip.samples[: int((seconds + 1) * clip.rate_hz)], clip.rate_hz))
        values = evidence.at(0.5, int(seconds * 50))[:, :NARROW].reshape(-1)
        norm = float(np.sqrt((values**2).sum())) + 1e-9
        for first in range(0, per_clip, 5000):
            count = min(5000, per_clip - first)
            bits = np.unpackbits(np.frombuffer(rng.bytes(count * (len(values) // 8 + 1)), np.uint8))
            signs = bits.reshape(count, -1)[:, : len(values)].astype(np.float32) * 2 - 1
            scores.append(signs @ values / norm)
    score = np.concatenate(scores)
    return [
        WrongKeys(len(score), float(score.std()), level, int((score > level).sum()),
                  len(score) * math.exp(float(log_tail(level))))
        for level in LEVELS
    ]  # fmt: skip


@dataclass(frozen=True)
class Foreign:
    """A clip that is not ours, searched at every place: its p-value must be uniform or larger."""

    kind: str
    p_value: float


@dataclass(frozen=True)
class Counted:
    """Of so many clips of a kind, how many had a p-value of `p` at most."""

    kind: str
    clips: int
    p: float
    times: int
    least: float


def counted(found: Sequence[Foreign]) -> list[Counted]:
    """All together, then kind by kind."""
    rows = []
    for kind in ("all", *sorted({one.kind for one in found})):
        some = np.array([one.p_value for one in found if kind in ("all", one.kind)])
        rows += [Counted(kind, len(some), p, int((some <= p).sum()), float(some.min())) for p in P_VALUES]
    return rows


def text_of(found: Sequence[Foreign], how: str) -> str:
    """How often a search (`how`) of sound that is not ours had so small a p-value, of how many."""
    rows = [one for one in counted(found) if one.kind == "all"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in Counter(one.kind for one in found).most_common())
    return (
        f"{len(found):,} searches of sound that is not ours, {how} ({kinds}). Smallest "
        f"p-value {rows[0].least:.2g}; called ours {rows[-1].times} (0 bounds the rate at {3 / len(found):.1e}):\n\n"
        + table.markdown(
            ("p at most", "times", "times allowed"),
            [(f"{one.p:g}", str(one.times), f"{one.p * one.clips:g}") for one in rows],
        )
    )


@dataclass(frozen=True)
class Sound:
    """A sound nobody has marked: samples (T,)."""

    kind: str
    samples: Floats
    rate_hz: int


def foreign(
    sounds: Sequence[Sound], count: int, *, seconds: float, keys: int, listed: int = 0, seed: int = 0
) -> Iterator[Foreign]:
    """`count` random cuts of sounds that are not ours, each searched under one of `keys` keys at the speed it has.

    listed: outputs of 11 s in the list that each is compared with; 0 is a search with the key alone.
    """
    rng = np.random.default_rng(seed)
    masters = [MarkKey(rng.bytes(32)) for _ in range(keys)]
    lists = [[Outputs.of(key, some_outputs(rng, listed))] for key in masters]
    for number in range(count):
        sound = sounds[number % len(sounds)]
        size = min(int(seconds * sound.rate_hz), len(sound.samples))
        first = int(rng.integers(len(sound.samples) - size + 1))
        key, some = masters[number % keys], lists[number % keys]
        cut = sound.samples[first : first + size]
        found = detect(cut, sound.rate_hz, [key], search="none", outputs=some)
        yield Foreign(sound.kind, found.p_value)


def sounds(noise: Path, speech: Sequence[Clip], strangers: Sequence[Path]) -> list[Sound]:
    """Music, noise and rooms; speech as it is, through two vocoders and a codec; and many people's single sentences."""
    found = [Sound(path.parent.name, *_read(path)) for path in sorted(noise.rglob("*.flac"))]
    found += [Sound("speech", *_read(path)) for path in strangers]
    vocoders = ("WORLD", "mel + Griffin-Lim", "AMR-NB 4.75")
    for clip in speech:
        found.append(Sound("speech", clip.samples, clip.rate_hz))
        found += [Sound(name, *CHANNELS[name](clip.samples, clip.rate_hz)) for name in vocoders]
    return [sound for sound in found if sound.samples.ndim == 1]


def _read(path: Path) -> tuple[Floats, int]:
    samples, rate_hz = soundfile.read(path, dtype="float32")
    return samples, int(rate_hz)
