"""The two building stones that the decoder and the vocoder share.

Linear layers instead of 1x1 convolutions: they use the matrix units of a CPU. No attention in
here, so a chunk with enough context on both sides gives exactly what the whole would give.

What an adapter changes arrives as an argument (`Touch`), never as state, so that one batch can
hold as many voices as it has rows.

Shapes: B batch, L frames, D width, E inner width, V width of the voice vector, R rank.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Touch(NamedTuple):
    """What a voice's adapter adds to one Stage, a row per voice; each None means nothing.

    shape (B, 2 D) goes onto scale and shift; the others are low-rank updates of the two linear
    layers: x @ grow_in (B, D, R) @ grow_out (B, R, E), and the same for shrink.
    """

    shape: Tensor | None = None
    grow_in: Tensor | None = None
    grow_out: Tensor | None = None
    shrink_in: Tensor | None = None
    shrink_out: Tensor | None = None


NONE = Touch()


class VoiceNorm(nn.Module):
    """Layer norm whose scale and shift come from the voice vector (conditional layer norm).

    Source: Chen et al., "AdaSpeech", 2021, section 3.3.
    """

    def __init__(self, width: int, voice: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.shape = nn.Linear(voice, 2 * width)
        nn.init.normal_(self.shape.weight, std=0.02)
        nn.init.zeros_(self.shape.bias)

    def forward(self, x: Tensor, voice: Tensor, more: Tensor | None = None) -> Tensor:
        """Normalise x (B, L, D) for voice (B, V); `more` (B, 2 D) is an adapter's share."""
        shape = self.shape(voice) if more is None else self.shape(voice) + more
        scale, shift = shape.unsqueeze(1).chunk(2, -1)
        normed: Tensor = self.norm(x)
        return normed * (1 + scale) + shift


class Stage(nn.Module):
    """One ConvNeXt block over time; with `voice` its norm is conditional.

    Source: Liu et al., "A ConvNet for the 2020s", 2022; in 1-D as in Vocos, 2023.
    """

    def __init__(self, width: int, expand: int, kernel: int, voice: int = 0) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = VoiceNorm(width, voice) if voice else nn.LayerNorm(width)
        self.grow = nn.Linear(width, expand * width)
        self.shrink = nn.Linear(expand * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.3))

    def forward(
        self, x: Tensor, mask: Tensor | None = None, voice: Tensor | None = None, touch: Touch = NONE
    ) -> Tensor:
        """x (B, L, D); mask (B, L, 1) zeroes what lies behind the end, so that it cannot leak in."""
        y = x if mask is None else x * mask
        y = self.mix(y.transpose(1, 2)).transpose(1, 2)
        y = self.norm(y) if voice is None else self.norm(y, voice, touch.shape)
        inner = low_rank(self.grow(y), y, touch.grow_in, touch.grow_out)
        inner = nn.functional.gelu(inner)
        y = low_rank(self.shrink(inner), inner, touch.shrink_in, touch.shrink_out)
        return x + y * self.scale.to(y.dtype)


def low_rank(plain: Tensor, x: Tensor, down: Tensor | None, up: Tensor | None) -> Tensor:
    """`plain` plus each row's own low-rank product of x."""
    if down is None or up is None:
        return plain
    return plain + torch.bmm(torch.bmm(x, down.to(x.dtype)), up.to(x.dtype))
