"""Train the speaker embedding: `python -m synthesis.training speaker`.

Additive-margin softmax over all training speakers, each also replayed faster and slower as two
further people. Crops are tilted, dulled and made noisy in the mel domain, so that rooms and
microphones tell less than voices. The voice end of the network is left alone here: it learns
with the acoustic model.

Shapes: B batch, L frames.
Source: Wang et al., "Additive Margin Softmax for Face Verification", 2018.
"""

import functools
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from synthesis.training.data import Row, Shards
from synthesis.training.peers import ALONE, Peers
from synthesis.training.run import Losses, Plan, Run
from synthesis.tts.config import BaseConfig
from synthesis.tts.features import MELS, RATE_HZ
from synthesis.tts.speaker import SpeakerNet

FRAMES = 160
SPEEDS = (1.0, 0.86, 1.16)
MARGIN, SCALE = 0.2, 25.0


class Judge(nn.Module):
    """The speaker network with one unit vector for each training speaker; only the former is kept."""

    def __init__(self, net: SpeakerNet, speakers: int) -> None:
        super().__init__()
        self.net = net
        self.centres = nn.Parameter(torch.randn(speakers, net.config.embedding))

    def forward(self, mel: Tensor, who: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and share of right answers for mel (B, L, 100) of speakers numbered `who` (B,)."""
        heard = torch.ones(mel.shape[:2], dtype=torch.bool, device=mel.device)
        with torch.autocast(mel.device.type, torch.bfloat16):
            statistics = self.net.statistics(mel, heard)
        cosine = self.net.embedding(statistics) @ nn.functional.normalize(self.centres, dim=-1).T
        margin = MARGIN * nn.functional.one_hot(who, cosine.shape[1])
        right = (cosine.argmax(1) == who).float().mean()
        return nn.functional.cross_entropy(SCALE * (cosine - margin), who), right


class People:
    """Crops by speaker, every speaker as likely as another within the square root of their minutes."""

    def __init__(self, shards: Shards, batch: int) -> None:
        self.shards, self.batch = shards, batch
        self.by_speaker: dict[str, list[Row]] = {}
        for row in shards.rows:
            if row.split == "train" and row.frames > 60:
                self.by_speaker.setdefault(row.speaker, []).append(row)
        self.names = sorted(self.by_speaker)
        weights = np.array([np.sqrt(min(8, len(self.by_speaker[name]))) for name in self.names])
        self.share = weights / weights.sum()

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Mel (B, L, 100) and speaker numbers (B,) of step number `step`."""
        dice = np.random.default_rng([13, step])
        chosen = dice.choice(len(self.names), self.batch, p=self.share)
        speeds = dice.integers(0, len(SPEEDS), self.batch)
        crops = [self._crop(self.names[who], SPEEDS[speed], dice) for who, speed in zip(chosen, speeds, strict=True)]
        return worn(torch.from_numpy(np.stack(crops)), dice), torch.from_numpy(chosen * len(SPEEDS) + speeds)

    def _crop(self, name: str, speed: float, dice: np.random.Generator) -> NDArray[np.float32]:
        rows = self.by_speaker[name]
        row = rows[int(dice.integers(len(rows)))]
        first = int(dice.integers(0, max(1, row.frames - int(FRAMES * speed))))
        places = (first + np.arange(FRAMES) * speed).astype(int) % row.frames
        mel = self.shards.mel[row.first_frame : row.first_frame + row.frames][places].astype(np.float32)
        return mel if speed == 1.0 else np.asarray(mel @ replayed(speed).T, np.float32)


@functools.cache
def replayed(speed: float) -> NDArray[np.float32]:
    """Weights (100, 100) that move log-mel bands to where replay at `speed` would put them."""
    scale = 2595 * np.log10(1 + RATE_HZ / 2 / 700) / (MELS + 1)
    hz = 700 * (10 ** (np.arange(1, MELS + 1) * scale / 2595) - 1)
    places = np.clip(2595 * np.log10(1 + hz / speed / 700) / scale - 1, 0, MELS - 1)
    low = np.minimum(places.astype(int), MELS - 2)
    weights = np.zeros((MELS, MELS), np.float32)
    weights[np.arange(MELS), low] = 1 - (places - low)
    weights[np.arange(MELS), low + 1] = places - low
    return weights


def worn(mel: Tensor, dice: np.random.Generator) -> Tensor:
    """Each clip of (B, L, 100) as another microphone in another room would give it."""
    batch = mel.shape[0]
    bands = np.linspace(-1, 1, MELS)
    tilt = dice.normal(0, 0.5, (batch, 1)) * bands
    for waves in (1, 2, 3):
        tilt = tilt + dice.normal(0, 0.25, (batch, 1)) * np.cos(np.pi * waves * bands + dice.uniform(0, 7, (batch, 1)))
    floor = dice.uniform(-12, -6, (batch, 1)) + dice.normal(0, 1.0, (batch, 1)) * bands
    hiss = torch.from_numpy(floor.astype(np.float32))[:, None] + 0.3 * torch.from_numpy(
        dice.standard_normal(mel.shape).astype(np.float32)
    )
    return torch.logaddexp(mel + torch.from_numpy(tilt.astype(np.float32))[:, None], hiss)


def train(
    shards: Shards, folder: Path, config: BaseConfig, plan: Plan, batch: int = 48, peers: Peers = ALONE
) -> nn.Module:
    """Train or go on training; the run's files lie below `folder`."""
    people = People(shards, max(batch, 48))
    judge = Judge(SpeakerNet(config.speaker), len(people.names) * len(SPEEDS))
    run = Run(judge, folder, plan, peers)

    def loss_of(step: int) -> Losses:
        mel, who = people.draw(step)
        loss, right = judge(mel.to(plan.device), who.to(plan.device))
        return {"loss": loss, "right": right}

    run.train(loss_of)
    return judge.net
