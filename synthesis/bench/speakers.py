"""The speaker check on people nobody trained on: a threshold from one half of them, published on the other half.

    ./run bench voice --only speakers

Trials are pairs of clips of eight seconds; pairs of one person come from different recordings where there are any.
People are parted by a digest of their name, so the halves do not follow the order of a folder. The interval is over
people drawn again, as trials of one person hang together.

Shapes: N clips, D width of an embedding.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.special import ndtri

from audio.clip import Clip
from audio.resample import resample
from synthesis.training.corpora import Recording
from synthesis.tts.voice import BaseVoice

CLIP_S, MOST_CLIPS = 8.0, 10
FALSE_MATCH = 1e-3
DRAWS = 300
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Trials:
    """Similarities of pairs, with the people of each pair."""

    same: Doubles
    other: Doubles
    same_people: NDArray[np.int_]
    other_people: NDArray[np.int_]  # (N, 2)

    def rates(self, threshold: float) -> tuple[float, float]:
        """False match and false non-match rate."""
        return float((self.other >= threshold).mean()), float((self.same < threshold).mean())

    def equal(self) -> tuple[float, float]:
        """Equal error rate and where it lies."""
        edges = np.unique(np.concatenate([self.same, self.other]))
        match = 1 - np.searchsorted(np.sort(self.other), edges) / len(self.other)
        miss = np.searchsorted(np.sort(self.same), edges) / len(self.same)
        at = int(np.abs(match - miss).argmin())
        return float((match[at] + miss[at]) / 2), float(edges[at])

    def threshold(self, false_match: float) -> float:
        """The lowest threshold with at most this share of false matches."""
        ordered = np.sort(self.other)[::-1]
        return float(np.nextafter(ordered[int(false_match * len(ordered))], 2.0))


def clips(heard: Sequence[Recording]) -> dict[str, list[Clip]]:
    """Clips of eight seconds by unseen person, cut from their recordings joined in order; people with two or more."""
    by_person: dict[str, list[Recording]] = defaultdict(list)
    for one in heard:
        if one.split == "unseen":
            by_person[one.speaker].append(one)
    cut = {person: _cut(recordings) for person, recordings in sorted(by_person.items())}
    return {person: found for person, found in cut.items() if len(found) >= 2}


def _cut(recordings: Sequence[Recording]) -> list[Clip]:
    found: list[Clip] = []
    held: list[NDArray[np.float32]] = []
    for one in recordings:
        samples, rate_hz = soundfile.read(one.path, dtype="float32", always_2d=True)
        held.append(resample(Clip.of(samples.T, int(rate_hz)).mono(), 24_000).samples)
        if sum(map(len, held)) >= CLIP_S * 24_000:
            found.append(Clip(np.concatenate(held)[: int(CLIP_S * 24_000)], 24_000))
            held = []
        if len(found) == MOST_CLIPS:
            break
    return found


def trials(base: BaseVoice, people: dict[str, list[Clip]]) -> Trials:
    """Every pair of clips."""
    who = np.concatenate([[number] * len(found) for number, found in enumerate(people.values())])
    known = np.stack([base.speaker_embedding(clip.samples) for found in people.values() for clip in found])
    first, second = np.triu_indices(len(who), 1)
    score = (known @ known.T)[first, second].astype(np.float64)
    same = who[first] == who[second]
    pairs = np.stack([who[first], who[second]], 1)
    return Trials(score[same], score[~same], pairs[same, 0], pairs[~same])


def halves(people: dict[str, list[Clip]]) -> tuple[dict[str, list[Clip]], dict[str, list[Clip]]]:
    """Two halves by digest: to calibrate on, and to publish on."""
    order = sorted(people, key=lambda name: hashlib.sha256(name.encode()).digest())
    return {name: people[name] for name in order[::2]}, {name: people[name] for name in order[1::2]}


def interval(found: Trials, threshold: float, seed: int = 0) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % intervals of false match and false non-match over people drawn again."""
    dice, count = np.random.default_rng(seed), int(found.other_people.max()) + 1
    drawn = []
    for _ in range(DRAWS):
        times = np.bincount(dice.integers(count, size=count), minlength=count)
        weight = times[found.other_people[:, 0]] * times[found.other_people[:, 1]]
        own = times[found.same_people]
        drawn.append((
            (weight * (found.other >= threshold)).sum() / max(weight.sum(), 1),
            (own * (found.same < threshold)).sum() / max(own.sum(), 1),
        ))  # fmt: skip
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))


def report(weights: Path, heard: Sequence[Recording], folder: Path) -> str:
    """Calibrate, publish, draw; a table in Markdown."""
    base, people = BaseVoice.load(weights), clips(heard)
    tuned, published = (trials(base, half) for half in halves(people))
    lines = ["| threshold, from one half | false match, on the other | false non-match | people | trials of 1, of 2 |",
             "|---|---|---|---|---|"]  # fmt: skip
    points = {
        "equal errors": tuned.equal()[1], f"{FALSE_MATCH:.1%} false match": tuned.threshold(FALSE_MATCH),
        "shipped": base.same_speaker,
    }  # fmt: skip
    for name, at in points.items():
        match, miss = published.rates(at)
        between = interval(published, at)
        none = f"; 0 of {len(published.other)}: 3/N = {3 / len(published.other):.2%}" if match == 0 else ""
        lines.append(
            f"| {name}: {at:.3f} | {match:.2%} ({between[0][0]:.2%}-{between[0][1]:.2%}{none}) "
            f"| {miss:.1%} ({between[1][0]:.1%}-{between[1][1]:.1%}) | {len(halves(people)[1])} "
            f"| {len(published.same)}, {len(published.other)} |"
        )
    draw(published).save(folder / "det.png")
    equal = [f"{half.equal()[0]:.2%}" for half in (published, tuned)]
    told = f"Equal error rate of the published half {equal[0]} (asked: at most 5 %), of the other {equal[1]}."
    return "\n".join([*lines, "", told])


def draw(found: Trials, size: int = 420, edge: int = 50) -> Image.Image:
    """The DET plot: false match across, false non-match upwards, both on a normal deviate scale."""
    image = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(image)
    ticks = [0.0005, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4]
    low, high = ndtri(ticks[0]), ndtri(ticks[-1])

    def across(rate: float) -> float:
        return float(edge + (ndtri(np.clip(rate, ticks[0], ticks[-1])) - low) / (high - low) * (size - edge - 12))

    for tick in ticks:
        at = across(tick)
        pen.line((at, 12, at, size - edge), fill="lightgray")
        pen.line((edge, size - at, size - 12, size - at), fill="lightgray")
        pen.text((at - 12, size - edge + 6), f"{tick:.2%}".rstrip("0%.") + "%", fill="black")
        pen.text((4, size - at - 6), f"{tick:.2%}".rstrip("0%.") + "%", fill="black")
    points = [found.rates(at) for at in np.linspace(found.other.min(), found.same.max(), 400)]
    pen.line([(across(match), size - across(miss)) for match, miss in points], fill=(35, 83, 160), width=2)
    pen.text((edge + 60, size - 16), "false match", fill="black")
    pen.text((edge + 6, 14), "false non-match", fill="black")
    return image
