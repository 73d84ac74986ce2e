"""Units to frames: encoder, prosody and frame decoder put together.

The frame decoder has no attention, so any stretch of frames can be made alone from the same
unit vectors plus a little context; `stream` does that. It makes no sound (see `vocoder`).

Shapes: B batch, N units, L frames, D width, V voice, M mel bands (100).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from synthesis.tts import blocks
from synthesis.tts.blocks import Stage, Touch, VoiceNorm
from synthesis.tts.config import AcousticConfig
from synthesis.tts.encoder import Encoder
from synthesis.tts.features import MELS
from synthesis.tts.variance import PredictorTouch, Variance, frames_of

PITCH_UNIT_HZ = 150.0  # pitch is log(f0 / 150) everywhere in the model
ENERGY_ZERO, ENERGY_STEP = -5.0, 2.0  # energy is (log mean mel magnitude + 5) / 2


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


class Person(NamedTuple):
    """Who speaks, a row for each sentence of the batch: voice vectors and what adapters add.

    vector is (B, V). Without an adapter the rest stays empty. `who` (B, D) shifts what the
    encoder heard; out_in (B, D, R) and out_out (B, R, M + 2) update the last layer, bias (B, M + 2) too.
    """

    vector: Tensor
    who: Tensor | None = None
    stages: tuple[Touch, ...] = ()
    last: Tensor | None = None
    out_in: Tensor | None = None
    out_out: Tensor | None = None
    bias: Tensor | None = None
    duration: PredictorTouch = PredictorTouch()
    pitch: PredictorTouch = PredictorTouch()
    energy: PredictorTouch = PredictorTouch()


class Decoder(nn.Module):
    """Spread units to mel, pitch and voicing of every frame."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            Stage(config.width, config.decoder_expand, config.kernel, config.voice)
            for _ in range(config.decoder_blocks)
        )
        self.last = VoiceNorm(config.width, config.voice)
        self.out = nn.Linear(config.width, MELS + 2)
        with torch.no_grad():
            self.out.bias[:MELS] = -6.0

    def forward(self, x: Tensor, person: Person, mask: Tensor | None = None) -> Tensor:
        """(B, L, M + 2): log-mel, log(f0 / 150), voicing logit. mask is (B, L, 1)."""
        return self.outer(self.inner(x, person, mask), person)

    def inner(self, x: Tensor, person: Person, mask: Tensor | None = None) -> Tensor:
        """What the last layer hears, (B, L, D)."""
        touches = person.stages or (blocks.NONE,) * len(self.stages)
        for stage, touch in zip(self.stages, touches, strict=True):
            x = stage(x, mask, person.vector, touch)
        last: Tensor = self.last(x, person.vector, person.last)
        return last

    def outer(self, x: Tensor, person: Person) -> Tensor:
        """The last layer, on what `inner` gave it."""
        out = blocks.low_rank(self.out(x), x, person.out_in, person.out_out).float()
        return out if person.bias is None else out + person.bias[:, None]


class Acoustic(nn.Module):
    """See the module."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.speaker = nn.Linear(config.voice, config.width)
        self.variance = Variance(config)
        self.decoder = Decoder(config)

    def reach(self) -> int:
        """Frames of context on each side that decide one frame of the decoder."""
        return (self.config.kernel // 2) * self.config.decoder_blocks

    def read(self, units: Tensor, mask: Tensor, person: Person) -> Tensor:
        """What is said and by whom: (B, N, D) from units (B, N, 3)."""
        heard: Tensor = self.encoder(units, mask)
        who: Tensor = self.speaker(person.vector)
        return heard + (who if person.who is None else who + person.who).unsqueeze(1)

    def guess(self, x: Tensor, mask: Tensor, person: Person) -> Guess:
        """Predicted prosody of x (B, N, D) from `read`."""
        parts, voice = self.variance, person.vector
        return Guess(
            parts.duration(x, mask, voice, person.duration),
            parts.pitch(x, mask, voice, person.pitch),
            parts.energy(x, mask, voice, person.energy),
        )

    def plan(
        self, x: Tensor, mask: Tensor, person: Person, *, rate: float | Tensor = 1.0, pitch: float = 0.0
    ) -> Prosody:
        """Prosody to speak with. rate 1 is the person's own; pitch is a log ratio."""
        said = self.guess(x, mask, person)
        return Prosody(frames_of(said.durations.float(), mask, rate), said.pitch + pitch, said.energy)

    def frames(self, x: Tensor, prosody: Prosody, count: int | Tensor) -> Tensor:
        """Decoder input (B, L, D) for `count` frames."""
        return self.variance.spread(
            self.variance.colour(x, prosody.pitch, prosody.energy), prosody.durations, count
        )

    def forward(
        self, units: Tensor, mask: Tensor, person: Person, prosody: Prosody, count: int
    ) -> tuple[Tensor, Guess]:
        """Training path: frames (B, L, M + 2) under given prosody, and what was guessed of it."""
        x = self.read(units, mask, person)
        clock = torch.arange(count, device=units.device)
        heard = (clock[None] < prosody.durations.sum(1, keepdim=True)).unsqueeze(-1)
        spread = self.frames(x, prosody, count)
        if torch.is_autocast_enabled(x.device.type):  # a narrow residual stream: half the memory traffic of a step
            spread = spread.to(torch.get_autocast_dtype(x.device.type))
        made = self.decoder(spread, person, heard.to(spread.dtype))
        return made, self.guess(x, mask, person)
