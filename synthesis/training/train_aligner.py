"""Train the aligner on everything with text, then write durations for all of it:
`python -m synthesis.training aligner`.

First it learns the boundaries of `flat_start`, then its own best path, with the forward-sum
loss (CTC over all monotonic paths) beside both. The durations land in `durations.npy` beside the
shards, with one score per utterance in `scores.json`.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from synthesis.training import flat_start
from synthesis.training.data import Row, Shards
from synthesis.training.peers import ALONE, Peers
from synthesis.training.run import Losses, Plan, Run
from synthesis.training.train_speaker import replayed, worn
from synthesis.tts import alignment
from synthesis.tts.aligner import Aligner
from synthesis.tts.config import BaseConfig

SKIP = -3.0  # log weight of CTC's own blank: low, so that every frame belongs to some unit
TAUGHT_STEPS = 350  # steps on the boundaries of `flat_start`, before its own are trusted


class Texts:
    """Batches of whole utterances of like length."""

    def __init__(self, shards: Shards, batch: int) -> None:
        self.shards, self.batch = shards, batch
        self.rows = sorted((row for row in shards.rows if row.split == "train" and row.units), key=_length)

    def draw(self, step: int) -> list[Row]:
        """Rows of step number `step`."""
        dice = np.random.default_rng([11, step])
        first = int(dice.integers(0, len(self.rows) - self.batch))
        return self.rows[first : first + self.batch]


def _length(row: Row) -> int:
    return row.frames


def padded(shards: Shards, rows: list[Row]) -> tuple[Tensor, Tensor, Tensor]:
    """units (B, N, 3), mel (B, L, 100) and the unit mask (B, N) of rows."""
    units = torch.zeros(len(rows), max(row.units for row in rows), 3, dtype=torch.long)
    mel = torch.full((len(rows), max(row.frames for row in rows), shards.mel.shape[1]), -11.5)
    for place, row in enumerate(rows):
        units[place, : row.units] = torch.from_numpy(shards.units_of(row))
        mel[place, : row.frames] = torch.from_numpy(shards.mel_of(row))
    return units, mel, units[..., 0] > 0


def forward_sum(log_chance: Tensor, rows: list[Row]) -> Tensor:
    """Negative log chance of all monotonic paths, per frame; log_chance (B, L, N)."""
    frames = torch.tensor([row.frames for row in rows])
    with_skip = nn.functional.pad(log_chance, (1, 0), value=SKIP)
    targets = torch.arange(1, log_chance.shape[2] + 1, device=log_chance.device).expand(len(rows), -1)
    total = nn.functional.ctc_loss(
        torch.log_softmax(with_skip, -1).transpose(0, 1), targets,
        frames, torch.tensor([row.units for row in rows]),
        reduction="none", zero_infinity=True,
    )
    return (total / frames.to(total.device)).mean()


def train(
    shards: Shards, folder: Path, config: BaseConfig, plan: Plan, batch: int = 16, peers: Peers = ALONE
) -> nn.Module:
    """Train or go on training; ends with a pass that writes durations."""
    net = Aligner(config.aligner)
    run = Run(net, folder, plan, peers)
    texts, taught = Texts(shards, batch), first_durations(shards)

    def loss_of(step: int) -> Losses:
        rows = texts.draw(step)
        units, mel, mask = padded(shards, rows)
        log_chance = net(units.to(plan.device), _altered(mel, step).to(plan.device), mask.to(plan.device))
        total = forward_sum(log_chance, rows)
        hard = _on_path(log_chance, shards, rows, taught if step < TAUGHT_STEPS else None)
        return {"loss": 0.3 * total + hard, "path": total, "hard": hard}

    run.train(loss_of)
    net.load_state_dict(run.average)
    net.cpu()
    if not peers.rank:
        write_durations(shards, net)
    return net


def _altered(mel: Tensor, step: int) -> Tensor:
    """As another throat, another microphone and another room would give it: people to be cloned have their own."""
    dice = np.random.default_rng([17, step])
    moved = mel @ torch.from_numpy(replayed(float(dice.uniform(0.85, 1.18))).T)
    return worn(moved, dice)


def first_durations(shards: Shards) -> np.ndarray:
    """Frames per unit by `flat_start` for all shards, made once and kept in `flat.npy`."""
    kept = shards.folder / "flat.npy"
    if not kept.exists():
        found = np.zeros(len(shards.units), np.int16)
        counts = flat_start.align(shards, shards.rows)
        for row in shards.rows:
            if row.name in counts:
                found[row.first_unit : row.first_unit + row.units] = counts[row.name]
        np.save(kept, found)
    return np.asarray(np.load(kept))


def _on_path(log_chance: Tensor, shards: Shards, rows: list[Row], taught: np.ndarray | None) -> Tensor:
    """Mean of -log chance on the taught path, or on the best one when nothing is taught."""
    values = log_chance.detach().cpu().numpy()
    losses = []
    for place, row in enumerate(rows):
        if row.units > row.frames:
            continue
        counts = (
            _aligned(values[place], shards, row)[0] if taught is None
            else taught[row.first_unit : row.first_unit + row.units]
        )
        owner = torch.from_numpy(np.repeat(np.arange(row.units), counts))
        losses.append(-log_chance[place, torch.arange(len(owner)), owner].mean())
    return torch.stack(losses).mean()


def _aligned(log_chance: np.ndarray, shards: Shards, row: Row) -> tuple[np.ndarray, float]:
    chance = log_chance[: row.frames, : row.units]
    return alignment.align(chance, shards.units_of(row)[:, 0], torch.from_numpy(shards.mel_of(row)))


@torch.no_grad()
def write_durations(shards: Shards, net: Aligner) -> None:
    """Align every utterance with text, training or not, and store frames per unit."""
    net.eval()
    found = np.zeros(len(shards.units), np.int16)
    scores = {}
    for row in shards.rows:
        if not row.units or row.units > row.frames:
            continue
        counts, score = _aligned(net(*padded(shards, [row]))[0].numpy(), shards, row)
        found[row.first_unit : row.first_unit + row.units] = counts
        scores[row.name] = round(score, 4)
    np.save(shards.folder / "durations.npy", found)
    (shards.folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
