"""Train the vocoder on real voices: `python -m synthesis.training vocoder`.

Every training speaker, with or without text, and half of the draws replayed faster or slower,
which moves pitch and formants together and so makes voices that nobody has. No adversary.

Shapes: B batch, L frames, T samples.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor, nn

from synthesis.training.corpora import CORPORA
from synthesis.training.data import Row, Shards
from synthesis.training.peers import ALONE, Peers
from synthesis.training.run import Losses, Plan, Run
from synthesis.tts import features
from synthesis.tts.config import BaseConfig
from synthesis.tts.features import HOP, RATE_HZ
from synthesis.tts.source import NOISE_FRAMES
from synthesis.tts.vocoder import Vocoder

FRAMES = 64
EDGE = 2 * HOP  # cut from both ends of a crop before it is judged: its neighbours are missing there
RESOLUTIONS = (2048, 1024, 512, 256, 128)
WARP = 0.25  # replay speeds from 1 / 1.25 to 1.25


class Crops:
    """Random crops of training speech, `batch` at a time."""

    def __init__(self, shards: Shards, batch: int) -> None:
        self.shards, self.batch = shards, batch
        self.rows = [row for row in shards.rows if row.split == "train" and row.frames > 1.3 * FRAMES + 4]
        self.share = _shares(self.rows)

    def draw(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Waves (B, T), pitch (B, L) and voicing (B, L) of step number `step`."""
        dice = np.random.default_rng([7, step])
        chosen = dice.choice(len(self.rows), self.batch, p=self.share)
        parts = [self._crop(self.rows[index], dice) for index in chosen]
        wave, f0, voiced = (torch.from_numpy(np.stack(column)) for column in zip(*parts, strict=True))
        return wave, f0, voiced

    def _crop(self, row: Row, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        speed = float(np.exp(dice.uniform(-1, 1) * np.log1p(WARP))) if dice.random() < 0.5 else 1.0
        need = int(np.ceil(FRAMES * speed)) + 2
        first = row.first_frame + int(dice.integers(0, row.frames - need))
        wave = self.shards.wave[first * HOP : (first + need) * HOP].astype(np.float32) / 32768
        times = np.arange(FRAMES) * speed
        f0 = np.exp(np.interp(times, np.arange(need), np.log(self.shards.f0[first : first + need]))) * speed
        voiced = self.shards.voiced[first + np.round(times).astype(int)]
        if speed != 1.0:
            wave = soxr.resample(wave, RATE_HZ * speed, RATE_HZ, quality="MQ")
        level = 10 ** (dice.uniform(-8, 4) / 20)
        return wave[: FRAMES * HOP] * np.float32(level), f0.astype(np.float32), voiced.astype(np.float32)


def _shares(rows: Sequence[Row]) -> np.ndarray:
    """Chance of each row: minutes, times 2 for full-band sets, so that quality leads."""
    wide = {"kathleen": 1.0, "nathalie": 1.5, "mandarin-aishell3": 4.0}
    known = {corpus.name for corpus in CORPORA}
    weights = np.array([row.frames * wide.get(row.corpus, 0.8) * (row.corpus in known) for row in rows], np.float64)
    return weights / weights.sum()


def sound_loss(made: Tensor, real: Tensor, sizes: Sequence[int] = RESOLUTIONS) -> Tensor:
    """Distance of (B, T) sounds at several resolutions: log magnitude and spectral convergence."""
    total = torch.zeros((), device=made.device)
    for size in sizes:
        window = torch.hann_window(size, device=made.device)
        a, b = (
            torch.view_as_real(
                torch.stft(x, size, size // 4, window=window, center=False, return_complex=True)
            ).square().sum(-1).clamp(min=1e-7).sqrt()
            for x in (made, real)
        )
        total = total + (torch.log(a) - torch.log(b)).abs().mean()
        total = total + ((a - b).norm(dim=(1, 2)) / b.norm(dim=(1, 2)).clamp(min=0.1)).mean()
    return total / len(sizes)


def train(
    shards: Shards, folder: Path, config: BaseConfig, plan: Plan, batch: int = 16, peers: Peers = ALONE
) -> nn.Module:
    """Train or go on training; the run's files lie below `folder`."""
    net = Vocoder(config.vocoder)
    run = Run(net, folder, plan, peers)
    crops = Crops(shards, batch)

    def loss_of(step: int) -> Losses:
        real, f0, voiced = (part.to(plan.device) for part in crops.draw(step))
        mel = features.log_mel(real)[:, :FRAMES]
        with torch.autocast(plan.device, torch.bfloat16):
            filters = net.filters(mel, f0, voiced)
        made = net.render(mel, f0, filters, first_noise=step * 977 % NOISE_FRAMES)
        made, real = made[:, EDGE:-EDGE], real[:, EDGE:-EDGE]
        heard = (features.log_mel(made) - features.log_mel(real)).abs().mean()
        sizes = [RESOLUTIONS[(step + k) % len(RESOLUTIONS)] for k in (0, 2)]  # two a step: they cost as much as the net
        sound = sound_loss(made, real, sizes)
        return {"loss": 2 * heard + sound, "mel": heard, "stft": sound}

    run.train(loss_of)
    return net
