"""The two building stones that the decoder and the vocoder share.

Linear layers instead of 1x1 convolutions: they use the matrix units of a CPU. No attention in
here, so a chunk with enough context on both sides gives exactly what the whole would give.

Shapes: B batch, L frames, D width, V width of the voice vector.
"""

import torch
from torch import Tensor, nn


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

    def forward(self, x: Tensor, voice: Tensor) -> Tensor:
        """Normalise x (B, L, D) for voice (B, V)."""
        scale, shift = self.shape(voice).unsqueeze(1).chunk(2, -1)
        normed: Tensor = self.norm(x)
        return normed * (1 + scale) + shift


class Stage(nn.Module):
    """One ConvNeXt block over time; with `voice` its norm is conditional.

    Source: Liu et al., "A ConvNet for the 2020s", 2022; in 1-D as in Vocos, 2023.
    """

    def __init__(self, width: int, expand: int, kernel: int, voice: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = VoiceNorm(width, voice) if voice else nn.LayerNorm(width)
        self.grow = nn.Linear(width, expand * width)
        self.shrink = nn.Linear(expand * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None, voice: Tensor | None = None) -> Tensor:
        """x (B, L, D); mask (B, L, 1) zeroes what lies behind the end, so that it cannot leak in."""
        y = x if mask is None else x * mask
        y = self.mix(y.transpose(1, 2)).transpose(1, 2)
        y = self.norm(y) if voice is None else self.norm(y, voice)
        y = self.shrink(nn.functional.gelu(self.grow(y), approximate="tanh"))
        return x + self.dropout(y) * self.scale
