"""The base voice in 8 bits for speaking on a CPU: the same networks, their large products in whole numbers.

Weights get a scale per output, inputs a scale per frame. A frame's scale hangs on that frame alone and whole numbers
add up without rounding, so equal calls give equal samples, and who else is in a batch changes nothing. Pieces of a
sentence equal the whole but where a last digit of what comes before makes a value round the other way: measured 4e-4,
while the float voice keeps its 1e-5. It cannot learn: adapters are trained and voices exported on the float base,
whose digest both share.

Measured on 2026-11-26, one thread, CPU seconds per second of sound: whole sentences 0.012 (float 0.020), in pieces
0.026 (0.040), first sound after 22 ms (30).

Shapes: D inputs, E outputs of a layer; B batch, L frames.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import Tensor, nn

from synthesis.tts.voice import BaseVoice

MOST = 127.0
QUIETEST = 1e-8  # a frame of zeros has no scale of its own


class NarrowLinear(nn.Module):
    """A linear layer with weights (E, D) in 8 bits."""

    weight: Tensor
    scale: Tensor
    bias: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        full = linear.weight.detach().float()
        scale = full.abs().amax(1).clamp(min=QUIETEST) / MOST
        whole = (full / scale[:, None]).round().to(torch.int8)
        self.register_buffer("weight", whole.t().contiguous())
        self.register_buffer("scale", scale)
        self.register_buffer("bias", linear.bias.detach().float())

    def forward(self, x: Tensor) -> Tensor:
        """(..., E) from x (..., D)."""
        rows = x.reshape(-1, x.shape[-1])
        scale = rows.abs().amax(1, keepdim=True).clamp(min=QUIETEST) / MOST
        whole = torch._int_mm((rows / scale).round_().to(torch.int8), self.weight)
        made = whole.float().mul_(scale).mul_(self.scale).add_(self.bias)
        return made.reshape(*x.shape[:-1], -1)


def narrowed(base: BaseVoice) -> BaseVoice:
    """A voice that speaks in 8 bits; `base` stays as it is.

    Raises:
        ValueError: on another device than a CPU.
    """
    if base.device != "cpu":
        raise ValueError("8 bits are for a CPU; a GPU speaks in float")
    acoustic, vocoder = copy.deepcopy(base.acoustic), copy.deepcopy(base.vocoder)
    wide: list[tuple[nn.Module, str]] = [(vocoder, "head")]
    wide += [(stage, name) for stage in (*acoustic.decoder.stages, *vocoder.stages) for name in ("grow", "shrink")]
    for part, name in wide:
        setattr(part, name, NarrowLinear(getattr(part, name)))
    return replace(base, acoustic=acoustic, vocoder=vocoder)
