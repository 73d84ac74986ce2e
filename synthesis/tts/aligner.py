"""How likely each unit is at each frame: the learned aligner.

For training and enrolment, where sound and text are known and durations are not; `alignment` finds the path. It
judges nothing: a wrong transcript gets an alignment too, with a low score, and `alignment.score` says how low.

Shapes: B batch, N units, L frames, D width, S width of the common space, M mel bands (100).
Source: Badlani et al., "One TTS Alignment To Rule Them All", 2021.
"""

import torch
from torch import Tensor, nn

from synthesis.tts import symbols
from synthesis.tts.config import AlignerConfig
from synthesis.tts.features import NARROW_MELS

TEMPERATURE = 0.2


class Aligner(nn.Module):
    """Places units and frames in one space; near means alike."""

    def __init__(self, config: AlignerConfig) -> None:
        super().__init__()
        width = config.width
        self.table = nn.Embedding(symbols.COUNT, width, padding_idx=0)
        self.unit_mix = nn.Conv1d(width, 2 * width, 3, padding=1)
        self.unit_out = nn.Linear(2 * width, config.space)
        self.frame_in = nn.Conv1d(NARROW_MELS, 2 * width, 5, padding=2)
        self.frame_mix = nn.Conv1d(2 * width, width, 3, padding=1)
        self.frame_out = nn.Linear(width, config.space)

    def forward(self, units: Tensor, mel: Tensor, unit_mask: Tensor) -> Tensor:
        """Log chance (B, L, N) of each unit at each frame, from units (B, N, 3) and mel (B, L, M)."""
        text = self.table(units).sum(2).transpose(1, 2)
        text = self.unit_out(torch.relu(self.unit_mix(text)).transpose(1, 2)).float()
        narrow = mel[..., :NARROW_MELS]
        sound = (narrow - narrow.mean((1, 2), keepdim=True)).transpose(1, 2) * 0.4
        sound = torch.relu(self.frame_mix(torch.relu(self.frame_in(sound)))).transpose(1, 2)
        sound = self.frame_out(sound).float()
        far = (sound.square().sum(-1, keepdim=True) - 2 * sound @ text.transpose(1, 2)
               + text.square().sum(-1)[:, None])
        far = (-TEMPERATURE * far).masked_fill(~unit_mask[:, None], -1e4)
        return torch.log_softmax(far, -1)
