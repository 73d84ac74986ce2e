"""Train the aligner on everything with text, then write durations for all of it:
`python -m synthesis.training aligner`.

Forward-sum loss by CTC, a diagonal prior that fades, and a binarising term at the end. The
durations land in `durations.npy` beside the shards, with one score per utterance in `scores.json`.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from synthesis.training.data import Row, Shards
from synthesis.training.run import Losses, Plan, Run
from synthesis.tts import aligner
from synthesis.tts.aligner import Aligner
from synthesis.tts.config import BaseConfig

SKIP = -1.0  # log weight of CTC's own blank, which a frame may not prefer for long
PRIOR_STEPS = 700


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
        units[place, : row.units] = torch.from_numpy(
            shards.units[row.first_unit : row.first_unit + row.units].astype(np.int64)
        )
        mel[place, : row.frames] = torch.from_numpy(
            shards.mel[row.first_frame : row.first_frame + row.frames].astype(np.float32)
        )
    return units, mel, units[..., 0] > 0


def forward_sum(log_chance: Tensor, rows: list[Row]) -> Tensor:
    """Negative log chance of all monotonic paths, per frame; log_chance (B, L, N)."""
    with_skip = nn.functional.pad(log_chance, (1, 0), value=SKIP)
    targets = torch.arange(1, log_chance.shape[2] + 1).expand(len(rows), -1)
    total = nn.functional.ctc_loss(
        torch.log_softmax(with_skip, -1).transpose(0, 1), targets,
        torch.tensor([row.frames for row in rows]), torch.tensor([row.units for row in rows]),
        reduction="none", zero_infinity=True,
    )
    return (total / torch.tensor([row.frames for row in rows])).mean()


def train(shards: Shards, folder: Path, config: BaseConfig, plan: Plan, batch: int = 16) -> nn.Module:
    """Train or go on training; ends with a pass that writes durations."""
    net = Aligner(config.aligner)
    run = Run(net, folder, plan)
    texts = Texts(shards, batch)

    def loss_of(step: int) -> Losses:
        rows = texts.draw(step)
        units, mel, mask = padded(shards, rows)
        log_chance = net(units, mel, mask)
        weight = max(0.0, 1 - step / PRIOR_STEPS)
        if weight:
            log_chance = log_chance + weight * _priors(rows, log_chance.shape)
        total = forward_sum(log_chance, rows)
        hard = _binarised(log_chance, rows) if step > PRIOR_STEPS else torch.zeros(())
        return {"loss": total + 0.3 * hard, "path": total, "hard": hard}

    run.train(loss_of)
    net.load_state_dict(run.average)
    write_durations(shards, net)
    return net


def _priors(rows: list[Row], shape: torch.Size) -> Tensor:
    table = torch.full(shape, -50.0)
    for place, row in enumerate(rows):
        table[place, : row.frames, : row.units] = torch.from_numpy(aligner.diagonal_prior(row.units, row.frames))
    return table


def _binarised(log_chance: Tensor, rows: list[Row]) -> Tensor:
    """Mean of -log chance on the hard path, which draws the soft one towards it."""
    values = log_chance.detach().numpy()
    losses = []
    for place, row in enumerate(rows):
        counts = aligner.durations(values[place, : row.frames, : row.units])
        owner = torch.from_numpy(np.repeat(np.arange(row.units), counts))
        losses.append(-log_chance[place, torch.arange(row.frames), owner].mean())
    return torch.stack(losses).mean()


@torch.no_grad()
def write_durations(shards: Shards, net: Aligner) -> None:
    """Align every utterance with text, training or not, and store frames per unit."""
    net.eval()
    found = np.zeros(len(shards.units), np.int16)
    scores = {}
    for row in shards.rows:
        if not row.units or row.units > row.frames:
            continue
        log_chance = net(*padded(shards, [row]))[0].numpy()
        counts = aligner.durations(log_chance)
        found[row.first_unit : row.first_unit + row.units] = counts
        scores[row.name] = round(aligner.score(log_chance, counts), 4)
    np.save(shards.folder / "durations.npy", found)
    (shards.folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
