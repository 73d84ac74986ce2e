"""How long, how high and how loud each unit is, and the step from units to frames.

For prosody and its control: everything a caller can turn (rate, pitch) acts on what is
predicted here. It makes no frames' content.

Shapes: B batch, N units, L frames, D width, V voice.
Source: Ren et al., "FastSpeech 2", 2021.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from synthesis.tts.blocks import VoiceNorm
from synthesis.tts.config import AcousticConfig

LONGEST_UNIT = 150  # frames, 1.6 s
PREDICTOR_DROPOUT = 0.5  # with 0.3 an hour of speech is learnt by heart: held-out durations grew worse
MEAN_OVER_MEDIAN = 1.08  # durations are learnt as logarithms; held-out sentences came out this much short


class PredictorTouch(NamedTuple):
    """An adapter's share of one predictor: two norm shapes (B, 2 D), a last row (B, D) and a bias (B, 1)."""

    one: Tensor | None = None
    two: Tensor | None = None
    row: Tensor | None = None
    bias: Tensor | None = None


NONE = PredictorTouch()


class Predictor(nn.Module):
    """One number per unit, for a voice."""

    def __init__(self, width: int, inner: int, voice: int, dropout: float) -> None:
        super().__init__()
        self.one = nn.Conv1d(width, inner, 3, padding=1)
        self.two = nn.Conv1d(inner, inner, 3, padding=1)
        self.one_norm, self.two_norm = VoiceNorm(inner, voice), VoiceNorm(inner, voice)
        self.out = nn.Linear(inner, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, voice: Tensor, touch: PredictorTouch = NONE) -> Tensor:
        """(B, N) from x (B, N, D); mask (B, N)."""
        keep = mask.unsqueeze(-1)
        for conv, norm, more in ((self.one, self.one_norm, touch.one), (self.two, self.two_norm, touch.two)):
            x = conv((x * keep).transpose(1, 2)).transpose(1, 2)
            x = self.dropout(norm(torch.relu(x), voice, more))
        out: Tensor = self.out(x).squeeze(-1)
        if touch.row is None or touch.bias is None:
            return out
        return out + (x * touch.row[:, None]).sum(-1) + touch.bias


class Variance(nn.Module):
    """The three predictors and the embeddings that carry pitch and energy on."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        width, inner = config.width, config.predictor_width
        self.duration, self.pitch, self.energy = (
            Predictor(width, inner, config.voice, PREDICTOR_DROPOUT) for _ in range(3)
        )
        self.pitch_in, self.energy_in = (nn.Conv1d(1, width, 3, padding=1) for _ in range(2))
        self.place = nn.Linear(3, width)

    def colour(self, x: Tensor, pitch: Tensor, energy: Tensor) -> Tensor:
        """Add pitch and energy (B, N) to x (B, N, D)."""
        high: Tensor = self.pitch_in(pitch.unsqueeze(1)).transpose(1, 2)
        loud: Tensor = self.energy_in(energy.unsqueeze(1)).transpose(1, 2)
        return x + high + loud

    def spread(self, x: Tensor, durations: Tensor, frames: int | Tensor) -> Tensor:
        """Repeat units over their frames: (B, L, D) from x (B, N, D) and whole durations (B, N).

        Each frame is told how far it is into its unit and how long that unit is.
        """
        ends = torch.cumsum(durations, 1)
        clock = torch.arange(frames, device=x.device)  # type: ignore[arg-type]  # a traced graph hands over a tensor
        owner = (clock[None, :, None] >= ends[:, None, :]).sum(-1).clamp(max=x.shape[1] - 1)
        first = torch.gather(ends - durations, 1, owner)
        length = torch.gather(durations, 1, owner).clamp(min=1).to(x.dtype)
        into = (clock[None] - first).to(x.dtype)
        place = torch.stack([(into + 0.5) / length, torch.log1p(into.clamp(min=0)), torch.log1p(length)], -1)
        chosen = torch.gather(x, 1, owner.unsqueeze(-1).expand(-1, -1, x.shape[-1]))
        told: Tensor = self.place(place)
        return chosen + told


def frames_of(log_durations: Tensor, mask: Tensor, rate: float | Tensor) -> Tensor:
    """Whole frames per unit (B, N) from predicted log(frames + 1); at least 1 for every unit."""
    frames = (torch.exp(log_durations) - 1.0) * MEAN_OVER_MEDIAN / rate
    return torch.clamp(torch.ceil(frames - 0.5), 1, LONGEST_UNIT).long() * mask
