"""Units to frames: encoder, prosody and frame decoder put together.

The frame decoder has no attention, so any stretch of frames can be made alone from the same
unit vectors plus a little context; `stream` does that. It makes no sound (see `vocoder`).

Shapes: B batch, N units, L frames, D width, V voice, M mel bands (100).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from synthesis.tts.blocks import Stage, VoiceNorm
from synthesis.tts.config import AcousticConfig
from synthesis.tts.encoder import Encoder
from synthesis.tts.features import MELS
from synthesis.tts.variance import Variance, frames_of

PITCH_UNIT_HZ = 150.0  # pitch is log(f0 / 150) everywhere in the model


class Prosody(NamedTuple):
    """Per unit, each (B, N): whole frames, log(f0 / 150), energy."""

    durations: Tensor
    pitch: Tensor
    energy: Tensor


class Guess(NamedTuple):
    """Raw predictions per unit (B, N), for the losses: log(frames + 1), pitch, energy."""

    durations: Tensor
    pitch: Tensor
    energy: Tensor


class Decoder(nn.Module):
    """Spread units to mel, pitch and voicing of every frame."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            Stage(config.width, config.decoder_expand, config.kernel, config.voice, config.dropout)
            for _ in range(config.decoder_blocks)
        )
        self.last = VoiceNorm(config.width, config.voice)
        self.out = nn.Linear(config.width, MELS + 2)
        with torch.no_grad():
            self.out.bias[:MELS] = -6.0

    def forward(self, x: Tensor, voice: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, L, M + 2): log-mel, log(f0 / 150), voicing logit. mask is (B, L, 1)."""
        for stage in self.stages:
            x = stage(x, mask, voice)
        out: Tensor = self.out(self.last(x, voice))
        return out.float()


class Acoustic(nn.Module):
    """See the module."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.speaker = nn.Linear(config.voice, config.width)
        self.variance = Variance(config)
        self.decoder = Decoder(config)

    def read(self, units: Tensor, mask: Tensor, voice: Tensor) -> Tensor:
        """What is said and by whom: (B, N, D) from units (B, N, 3) and voice (B, V)."""
        who: Tensor = self.speaker(voice).unsqueeze(1)
        heard: Tensor = self.encoder(units, mask)
        return heard + who

    def guess(self, x: Tensor, mask: Tensor, voice: Tensor) -> Guess:
        """Predicted prosody of x (B, N, D) from `read`."""
        parts = self.variance
        return Guess(parts.duration(x, mask, voice), parts.pitch(x, mask, voice), parts.energy(x, mask, voice))

    def plan(self, x: Tensor, mask: Tensor, voice: Tensor, *, rate: float = 1.0,
             pitch: float = 0.0, energy: float = 0.0) -> Prosody:
        """Prosody to speak with. rate 1 is natural; pitch in log ratio; energy in log magnitude."""
        said = self.guess(x, mask, voice)
        return Prosody(frames_of(said.durations.float(), mask, rate), said.pitch + pitch, said.energy + energy)

    def frames(self, x: Tensor, prosody: Prosody, count: int) -> Tensor:
        """Decoder input (B, L, D) for `count` frames."""
        return self.variance.spread(
            self.variance.colour(x, prosody.pitch, prosody.energy), prosody.durations, count
        )

    def forward(self, units: Tensor, mask: Tensor, voice: Tensor, prosody: Prosody, count: int,
                ) -> tuple[Tensor, Guess]:
        """Training path: frames (B, L, M + 2) under given prosody, and what was guessed of it."""
        x = self.read(units, mask, voice)
        clock = torch.arange(count, device=units.device)
        heard = (clock[None] < prosody.durations.sum(1, keepdim=True)).unsqueeze(-1)
        made = self.decoder(self.frames(x, prosody, count), voice, heard.to(x.dtype))
        return made, self.guess(x, mask, voice)
