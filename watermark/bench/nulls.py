"""False alarms: wrong keys on real speech at a fixed place, and the whole search on sound that is not ours."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from watermark.bench.speech import Clip
from watermark.codec import frames
from watermark.codec.bounds import log_tail
from watermark.codec.detect import detect
from watermark.codec.evidence import evidence_of
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import NARROW

Floats = npt.NDArray[np.float32]

LEVELS = (3.0, 4.0, 4.5, 5.0)


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
        evidence = evidence_of(frames.power(clip.samples[: int((seconds + 1) * clip.rate_hz)], clip.rate_hz))
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


def foreign(folder: Path, *, seconds: float, keys: int, seed: int = 0) -> Iterator[Foreign]:
    """Every sound file under `folder` (noise, music, rooms, speech), cut to `seconds`, under `keys` wrong keys."""
    rng = np.random.default_rng(seed)
    masters = [MarkKey(rng.bytes(32)) for _ in range(keys)]
    for key in masters:
        for path in sorted(folder.rglob("*.flac")):
            samples, rate_hz = soundfile.read(path, dtype="float32")
            count = int(seconds * rate_hz)
            if samples.ndim == 1 and len(samples) >= count:
                first = int(rng.integers(len(samples) - count + 1))
                found = detect(samples[first : first + count], rate_hz, [key], search="none")
                yield Foreign(path.parent.name, found.p_value)
