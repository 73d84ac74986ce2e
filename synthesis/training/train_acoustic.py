"""Train text to frames: `python -m synthesis.training acoustic`.

All speakers with text at once. The voice vector of every utterance is read off another
utterance of the same person, so that a voice is what two clips have in common. Half of the
sentences of others than the base voice are moved in pitch and formants, with their references:
a few dozen people with text are too few to learn what voices can be. The speaker network below
stays as `train_speaker` left it; only its voice end learns here.

Shapes: B batch, N units, L frames, M mel bands (100), R reference frames.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from synthesis.training.corpora import CORPORA
from synthesis.training.data import Row, Shards
from synthesis.training.peers import ALONE, Peers
from synthesis.training.run import Losses, Plan, Run
from synthesis.training.train_speaker import replayed
from synthesis.tts import features
from synthesis.tts.acoustic import ENERGY_STEP, ENERGY_ZERO, PITCH_UNIT_HZ, Acoustic, Guess, Person, Prosody
from synthesis.tts.alignment import unit_means
from synthesis.tts.config import BaseConfig
from synthesis.tts.features import MELS, NARROW_BANDS
from synthesis.tts.speaker import SpeakerNet

REPLAYED = 0.5  # of the draws of others than the base voice: moved in pitch and formants, as people nobody has met
SPEEDS = (0.84, 0.9, 1.12, 1.2)
REFERENCE = 224
FRAME_BUDGET = 3000
WEIGHT = {corpus.name: corpus.weight for corpus in CORPORA}
BASE_VOICE_SHARE = 0.5  # of the draws; the rest teaches what voices have in common


class Batch(NamedTuple):
    """One step's input; see the module for the letters."""

    units: Tensor  # (B, N, 3)
    mask: Tensor  # (B, N)
    durations: Tensor  # (B, N)
    pitch: Tensor  # (B, N)
    energy: Tensor  # (B, N)
    mel: Tensor  # (B, L, M)
    f0: Tensor  # (B, L), log(f0 / 150)
    voiced: Tensor  # (B, L)
    heard: Tensor  # (B, L)
    bands: Tensor  # (B,), how many bands say anything: fewer where a recording ends at 8 kHz
    reference: Tensor  # (B, R, M)
    reference_heard: Tensor  # (B, R)
    reference_pitch: Tensor  # (B, 2)

    def known(self) -> Tensor:
        """(B, 1, M): 1 on bands that say anything."""
        return (torch.arange(MELS, device=self.mel.device) < self.bands[:, None]).unsqueeze(1).float()


class Sentences:
    """Training sentences in buckets of like length."""

    def __init__(self, shards: Shards, scores: dict[str, float] | None = None, worst: float = 0.02) -> None:
        if shards.durations is None:
            raise SystemExit("no durations yet: run the aligner first")
        self.shards = shards
        usable = [row for row in shards.rows if row.split == "train" and row.units and WEIGHT[row.corpus] > 0]
        if scores:  # the worst-aligned share is dropped: most often a wrong transcript
            limit = float(np.quantile([scores[row.name] for row in usable if row.name in scores], worst))
            usable = [row for row in usable if scores.get(row.name, -99.0) > limit]
        self.by_speaker: dict[str, list[Row]] = {}
        for row in usable:
            self.by_speaker.setdefault(row.speaker, []).append(row)
        usable.sort(key=lambda row: row.frames)
        cuts = np.array_split(np.arange(len(usable)), 12)
        self.buckets = [[usable[index] for index in cut] for cut in cuts]
        share = self._base_share(usable)
        self.weights = [np.array([self._weight(row, share) for row in bucket]) for bucket in self.buckets]

    def _base_share(self, rows: Sequence[Row]) -> float:
        """Weight of kathleen that makes her `BASE_VOICE_SHARE` of the frames drawn."""
        own = sum(row.frames for row in rows if row.corpus == "kathleen")
        others = sum(row.frames * WEIGHT[row.corpus] for row in rows if row.corpus != "kathleen")
        return BASE_VOICE_SHARE / (1 - BASE_VOICE_SHARE) * others / max(own, 1)

    def _weight(self, row: Row, base: float) -> float:
        return base if row.corpus == "kathleen" else WEIGHT[row.corpus]

    def draw(self, step: int) -> Batch:
        """The batch of step number `step`."""
        dice = np.random.default_rng([17, step])
        mass = np.array([sum(w * row.frames for w, row in zip(weights, bucket, strict=True))
                         for weights, bucket in zip(self.weights, self.buckets, strict=True)])
        place = int(dice.choice(len(self.buckets), p=mass / mass.sum()))
        bucket, weights = self.buckets[place], self.weights[place]
        count = int(np.clip(FRAME_BUDGET // bucket[-1].frames, 4, 32))
        chosen = dice.choice(len(bucket), count, p=weights / weights.sum())
        rows = [bucket[index] for index in chosen]
        speeds = [self._speed(row, dice) for row in rows]
        return batch_of(self.shards, rows, self._references(bucket, chosen, dice), dice, speeds)

    def _speed(self, row: Row, dice: np.random.Generator) -> float:
        moved = row.corpus != "kathleen" and dice.random() < REPLAYED
        return float(dice.choice(SPEEDS)) if moved else 1.0

    def _references(self, bucket: list[Row], chosen: np.ndarray, dice: np.random.Generator) -> list[Row]:
        found = []
        for index in chosen:
            mates = self.by_speaker[bucket[index].speaker]
            others = [row for row in mates if row.name != bucket[index].name] or mates
            found.append(others[int(dice.integers(len(others)))])
        return found


def batch_of(
    shards: Shards, rows: list[Row], references: list[Row], dice: np.random.Generator, speeds: Sequence[float] = ()
) -> Batch:
    """Rows as one padded batch, each with a crop of its reference; `speeds` moves both voices (`replayed`)."""
    speeds = speeds or [1.0] * len(rows)
    units = torch.zeros(len(rows), max(row.units for row in rows), 3, dtype=torch.long)
    durations = torch.zeros(units.shape[:2], dtype=torch.long)
    pitch, energy = torch.zeros(units.shape[:2]), torch.zeros(units.shape[:2])
    mel = torch.full((len(rows), max(row.frames for row in rows), MELS), -11.5)
    f0, voiced = torch.zeros(mel.shape[:2]), torch.zeros(mel.shape[:2])
    heard = torch.zeros(mel.shape[:2], dtype=torch.bool)
    for place, row in enumerate(rows):
        part = sentence(shards, row, speeds[place])
        units[place, : row.units], durations[place, : row.units] = part["units"], part["durations"]
        pitch[place, : row.units], energy[place, : row.units] = part["pitch"], part["energy"]
        mel[place, : row.frames], f0[place, : row.frames] = part["mel"], part["f0"]
        voiced[place, : row.frames], heard[place, : row.frames] = part["voiced"], True
    crops = [reference(shards, row, dice, speed) for row, speed in zip(references, speeds, strict=True)]
    ref_mel, ref_heard, ref_pitch = (torch.stack(column) for column in zip(*crops, strict=True))
    bands = torch.tensor([known_bands(row.narrow, speed) for row, speed in zip(rows, speeds, strict=True)])
    return Batch(units, units[..., 0] > 0, durations, pitch, energy, mel, f0, voiced, heard, bands,
                 ref_mel, ref_heard, ref_pitch)


def known_bands(narrow: bool, speed: float) -> int:
    """How many of the bands of a voice replayed at `speed` come from what was recorded."""
    limit = NARROW_BANDS if narrow else MELS
    if speed >= 1.0:
        return limit
    return int((replayed(speed)[:, limit - 1 :].sum(1) < 1.0).sum())


def sentence(shards: Shards, row: Row, speed: float = 1.0) -> dict[str, Tensor]:
    """One utterance as tensors, with pitch and energy per unit; replayed at `speed` without getting shorter."""
    if shards.durations is None:
        raise SystemExit("no durations yet: run the aligner first")
    at, of = slice(row.first_frame, row.first_frame + row.frames), slice(row.first_unit, row.first_unit + row.units)
    counts = shards.durations[of].astype(np.int64)
    mel = torch.from_numpy(_moved(shards.mel[at].astype(np.float32), speed))
    f0 = np.log(shards.f0[at] * np.float32(speed / PITCH_UNIT_HZ))
    voiced = shards.voiced[at].astype(np.float32)
    loud: np.ndarray = (features.energy(mel).numpy() - ENERGY_ZERO) / ENERGY_STEP
    return {
        "units": torch.from_numpy(shards.units[of].astype(np.int64)),
        "durations": torch.from_numpy(counts),
        "pitch": torch.from_numpy(unit_means(f0, voiced + 0.02, counts)),
        "energy": torch.from_numpy(unit_means(loud, np.ones(len(loud), np.float32), counts)),
        "mel": mel, "f0": torch.from_numpy(f0), "voiced": torch.from_numpy(voiced),
    }


def _moved(mel: np.ndarray, speed: float) -> np.ndarray:
    return mel if speed == 1.0 else np.asarray(mel @ replayed(speed).T, np.float32)


def reference(
    shards: Shards, row: Row, dice: np.random.Generator, speed: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """A crop to take the voice from: mel (R, M), which frames are real (R,), pitch mean and spread (2,)."""
    length = min(row.frames, REFERENCE)
    first = row.first_frame + int(dice.integers(0, row.frames - length + 1))
    mel = torch.full((REFERENCE, MELS), -11.5)
    mel[:length] = torch.from_numpy(_moved(shards.mel[first : first + length].astype(np.float32), speed))
    voiced = shards.voiced[first : first + length] > 0
    f0 = np.log(shards.f0[first : first + length][voiced] * speed / PITCH_UNIT_HZ) if voiced.any() else np.zeros(1)
    pitch = torch.tensor([float(f0.mean()), float(f0.std())])
    return mel, torch.arange(REFERENCE) < length, pitch


def frame_losses(made: Tensor, batch: Batch, pitched: Tensor | None = None) -> Losses:
    """Losses of frames (B, L, M + 2) against what was recorded; only rows of `pitched` (B,) are asked for its pitch."""
    keep = batch.heard.unsqueeze(-1) * batch.known()
    far = (made[..., :MELS] - batch.mel) * keep
    mel = far.abs().sum() / keep.sum()
    edges = (far[:, 1:] - far[:, :-1]).abs().sum() + (far[..., 1:] - far[..., :-1]).abs().sum()
    voiced = batch.voiced * batch.heard
    if pitched is not None:
        voiced = voiced * pitched.unsqueeze(-1)
    f0 = ((made[..., MELS] - batch.f0).abs() * voiced).sum() / voiced.sum().clamp(min=1)
    told = functional.binary_cross_entropy_with_logits(made[..., MELS + 1], batch.voiced, reduction="none")
    return {"mel": mel, "edges": edges / keep.sum(), "f0": f0, "voiced": (told * batch.heard).sum() / batch.heard.sum()}


def prosody_losses(said: Guess, batch: Batch) -> Losses:
    """Losses of what was predicted per unit."""
    keep = batch.mask.float()
    aims = (torch.log1p(batch.durations.float()), batch.pitch, batch.energy)
    weights = (keep, keep, keep)
    found = [
        ((guess.float() - aim).square() * weight).sum() / weight.sum()
        for guess, aim, weight in zip(said, aims, weights, strict=True)
    ]
    return {"dur": found[0], "pitch": found[1], "energy": found[2]}


class Learner(nn.Module):
    """The acoustic model and the speaker network whose voice end learns with it."""

    def __init__(self, config: BaseConfig) -> None:
        super().__init__()
        self.acoustic = Acoustic(config.acoustic)
        self.speaker = SpeakerNet(config.speaker)
        for name, value in self.speaker.named_parameters():
            value.requires_grad_(name.startswith("voice."))

    def voice(self, batch: Batch) -> Tensor:
        """Voice vectors (B, V) of a batch's references."""
        with torch.no_grad(), torch.autocast(batch.mel.device.type, torch.bfloat16):
            statistics = self.speaker.statistics(batch.reference, batch.reference_heard)
        return self.speaker.voice_vector(statistics, batch.reference_pitch)

    def forward(self, batch: Batch) -> Losses:
        """All losses of a batch; "loss" is their weighted sum."""
        voice = self.voice(batch)
        prosody = Prosody(batch.durations, batch.pitch, batch.energy)
        with torch.autocast(batch.mel.device.type, torch.bfloat16):
            made, said = self.acoustic(batch.units, batch.mask, Person(voice), prosody, batch.mel.shape[1])
        parts = {**frame_losses(made, batch), **prosody_losses(said, batch)}
        weight = {"mel": 1.0, "edges": 0.1, "f0": 1.0, "voiced": 0.2, "dur": 0.5, "pitch": 0.5, "energy": 0.2}
        total = torch.stack([weight[name] * value for name, value in parts.items()]).sum()
        return {"loss": total, **parts}


def train(
    shards: Shards, folder: Path, config: BaseConfig, plan: Plan, batch: int = 0, peers: Peers = ALONE
) -> nn.Module:
    """Train or go on training; needs durations and, below `folder`'s parent, a speaker run."""
    learner = Learner(config)
    load_speaker(learner.speaker, folder.parent / "speaker" / "last.pt")
    run = Run(learner, folder, plan, peers)
    _renew_speaker(run, learner, folder.parent / "speaker" / "last.pt")
    sentences = Sentences(shards, scores(shards))
    run.train(lambda step: learner(to_device(sentences.draw(step), plan.device)))
    return learner


def load_speaker(net: SpeakerNet, checkpoint: Path) -> None:
    """Take the averaged weights of a speaker run."""
    average = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    own = {name.removeprefix("net."): value for name, value in average.items() if name.startswith("net.")}
    net.load_state_dict(own)


def _renew_speaker(run: Run, learner: Learner, checkpoint: Path) -> None:
    """The speaker network may have learnt more since this run began; its voice end stays as it is."""
    newer = SpeakerNet(learner.speaker.config)
    load_speaker(newer, checkpoint)
    for name, value in newer.state_dict().items():
        if not name.startswith("voice."):
            learner.speaker.state_dict()[name].copy_(value)
            run.average[f"speaker.{name}"].copy_(value)


def scores(shards: Shards) -> dict[str, float]:
    """How well every utterance was aligned, by name; higher is better."""
    return dict(json.loads((shards.folder / "scores.json").read_text(encoding="utf-8")))


def to_device(batch: Batch, device: str) -> Batch:
    """The same batch where the network is."""
    return Batch(*(part.to(device) for part in batch))
