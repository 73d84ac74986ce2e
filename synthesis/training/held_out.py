"""How far the acoustic model is from recordings that it never learnt: `python -m synthesis.training check`.

Held-out prompts of the base voice at their recorded prosody, whole, one by one. Cheap enough to
be asked between two runs; what people hear is measured by `./run bench voice`.

Shapes: L frames, M mel bands (100).
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from synthesis.training.data import Row, Shards
from synthesis.training.run import Seen
from synthesis.training.train_acoustic import Batch, Learner, batch_of, prosody_losses
from synthesis.tts.acoustic import Guess, Person, Prosody
from synthesis.tts.config import BaseConfig
from synthesis.tts.features import MELS
from synthesis.tts.voice import BaseVoice

SPEAKER = "kathleen"
REFERENCES = 8  # clips of the speaker whose mean voice vector is spoken with


def runs(work: Path, base: BaseVoice) -> dict[str, Learner]:
    """Learners to compare: what ships, and the averaged weights of the runs below `work`."""
    found = {"shipped": shipped(base)}
    for stage, prefix in (("acoustic", ""), ("polish", "learner.")):
        if (work / stage / "last.pt").exists():
            found[stage] = averaged(work / stage / "last.pt", base.config, prefix)
    return found


def shipped(base: BaseVoice) -> Learner:
    """What ships, as a learner."""
    learner = Learner(base.config)
    learner.acoustic.load_state_dict(base.acoustic.state_dict())
    learner.speaker.load_state_dict(base.speaker.state_dict())
    return learner


def averaged(checkpoint: Path, config: BaseConfig, prefix: str = "") -> Learner:
    """The averaged weights of a checkpoint, as a learner."""
    average = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    learner = Learner(config)
    learner.load_state_dict({name.removeprefix(prefix): value for name, value in average.items()})
    return learner


LOOKED_AT = 20  # sentences: a few seconds


def look(average: dict[str, torch.Tensor], config: BaseConfig, shards: Shards) -> Seen:
    """What the averaged weights of an acoustic run, or of one that polishes, do with held-out sentences."""
    learner = Learner(config)
    learner.load_state_dict({name.removeprefix("learner."): value.cpu() for name, value in average.items()})
    row, mates = next(_rows(shards, "held_out")), list(islice(_rows(shards, "train"), REFERENCES))
    learner.eval()
    with torch.no_grad():
        _, one, made = _spoken(learner, shards, row, mates)
    return Seen(check(learner, shards, LOOKED_AT), one.mel[0].numpy(), made[0].numpy())


@torch.no_grad()
def check(learner: Learner, shards: Shards, count: int = 60) -> dict[str, float]:
    """Means over `count` held-out sentences.

    Returns:
        mel: mean distance of log-mel at recorded prosody. relief: how far bands stand from the next but one, over
        how far recorded ones do. dur, pitch, energy: squared errors of the predictors. rise: correlation of the
        predicted with the recorded pitch of units; spread: standard deviation of the former over the latter's.
    """
    learner.eval()
    mates = list(islice(_rows(shards, "train"), REFERENCES))
    parts = [_one(learner, shards, row, mates) for row in islice(_rows(shards, "held_out"), count)]
    found = {name: float(np.mean([part[name] for part in parts])) for name in parts[0] if not name.startswith("_")}
    own, said = (np.concatenate([part[name] for part in parts]) for name in ("_pitch", "_said"))
    return {**found, "rise": float(np.corrcoef(own, said)[0, 1]), "spread": float(said.std() / own.std())}


def _rows(shards: Shards, split: str) -> Iterator[Row]:
    return (row for row in shards.rows if row.speaker == SPEAKER and row.split == split and row.units)


def _spoken(learner: Learner, shards: Shards, row: Row, mates: list[Row]) -> tuple[Guess, Batch, torch.Tensor]:
    """What was guessed of a row's prosody, the row, and its mel (1, L, M) as made."""
    dice = np.random.default_rng(3)
    batch = batch_of(shards, [row] * len(mates), mates, dice)
    voice = learner.voice(batch).mean(0, keepdim=True)
    one = batch_of(shards, [row], mates[:1], dice)
    person, prosody = Person(voice), Prosody(one.durations, one.pitch, one.energy)
    made, said = learner.acoustic(one.units, one.mask, person, prosody, row.frames)
    return said, one, made[..., :MELS]


def _one(learner: Learner, shards: Shards, row: Row, mates: list[Row]) -> dict[str, Any]:
    said, one, mel = _spoken(learner, shards, row, mates)
    sounding = one.durations[0] > 0
    relief = (mel[..., 2:] - mel[..., :-2]).abs().mean() / (one.mel[..., 2:] - one.mel[..., :-2]).abs().mean()
    return {
        "mel": float((mel - one.mel).abs().mean()), "relief": float(relief),
        **{name: float(value) for name, value in prosody_losses(said, one).items()},
        "_pitch": one.pitch[0][sounding].numpy(), "_said": said.pitch[0][sounding].numpy(),
    }
