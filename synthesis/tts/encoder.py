"""Text side of the model: what the units of a sentence are, each in the light of the others.

The only place with attention, so it sees a sentence whole before the first frame is made.
It hears no voice: who speaks enters behind it.

Shapes: B batch, N units, D width.
Sources: Ren et al., "FastSpeech 2", 2021; Su et al., "RoFormer" (rotary positions), 2021.
"""

import torch
from torch import Tensor, nn

from synthesis.tts import symbols
from synthesis.tts.config import AcousticConfig


def rotate(x: Tensor) -> Tensor:
    """Turn the channels of x (B, H, N, D) by angles that grow with the position."""
    half = x.shape[-1] // 2
    rates = 10_000.0 ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angles = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * rates
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


class Block(nn.Module):
    """Self-attention and a convolution that looks at the neighbours, both residual."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        width, inner = config.width, config.encoder_inner
        self.heads = config.heads
        self.attend_norm, self.inner_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask = nn.Linear(width, 3 * width)
        self.answer = nn.Linear(width, width)
        self.near = nn.Linear(3 * width, inner)  # a kernel-3 convolution as one matrix product
        self.back = nn.Linear(inner, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, N, D), mask (B, N) true on units."""
        x = x + self.dropout(self._attend(self.attend_norm(x), mask))
        y = self.inner_norm(x) * mask.unsqueeze(-1)
        y = torch.cat([nn.functional.pad(y, (0, 0, 1, -1)), y, nn.functional.pad(y, (0, 0, -1, 1))], -1)
        return x + self.dropout(self.back(nn.functional.gelu(self.near(y))))

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.ask(x).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        score = rotate(query) @ rotate(key).transpose(-1, -2) * (width // self.heads) ** -0.5
        score = score.masked_fill(~mask[:, None, None, :], -1e4)
        mixed = torch.softmax(score.float(), -1).to(value.dtype) @ value
        answer: Tensor = self.answer(mixed.transpose(1, 2).reshape(batch, length, width))
        return answer


class Encoder(nn.Module):
    """Units to vectors. A unit is the sum of its sound and the marks written on it."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.table = nn.Embedding(symbols.COUNT, config.width, padding_idx=0)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.encoder_blocks))
        self.last = nn.LayerNorm(config.width)
        nn.init.normal_(self.table.weight, std=0.3)
        with torch.no_grad():
            self.table.weight[0].zero_()

    def forward(self, units: Tensor, mask: Tensor) -> Tensor:
        """(B, N, D) from units (B, N, 3) of symbol numbers (sound, mark before, mark after)."""
        x = self.table(units).sum(2)
        for block in self.blocks:
            x = block(x, mask)
        out: Tensor = self.last(x)
        return out
