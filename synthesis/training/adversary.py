"""Judges: is this a recording, or was it made? For frames (`FrameJudge`) and for sound (`SoundJudge`).

Small 2-D convolutions over time and frequency. The judge of frames is asked two things at once:
whether a stretch looks recorded, and whether it looks recorded *for what is said there*. Only
polishing uses them, and nothing of them ships.

Shapes: B batch, T samples, L frames, M mel bands (100), D width of the decoder's input.
Sources: Isola et al., "Image-to-image translation with conditional adversarial networks", 2017
(patches); Mao et al., "Least squares GANs", 2017; Miyato and Koyama, "cGANs with projection
discriminator", 2018; Kumar et al., "MelGAN", 2019 (feature matching); Jang et al., "UnivNet", 2021, and
Defossez et al., "High fidelity neural audio compression", 2022 (spectra at several resolutions).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from synthesis.training.peers import Peers
from synthesis.training.run import Losses, Run

ZERO, STEP = -5.0, 2.5  # log-mel as the judge reads it: (mel + 5) / 2.5
LEAK = 0.2
BETAS = (0.8, 0.99)  # of the optimisers of both sides
ALONE_STEPS = 100  # the judge learns first


class Opinion(NamedTuple):
    """What a judge says and what it saw on the way: `score` (B, ...) over patches, 1 means recorded."""

    score: Tensor
    seen: list[Tensor]


class FrameJudge(nn.Module):
    """Of log-mel. `width` is that of the decoder's input, which says what is spoken."""

    def __init__(self, width: int) -> None:
        super().__init__()
        plan = ((1, 32, (3, 9), (1, 2)), (32, 48, (3, 9), (1, 2)), (48, 64, (3, 5), (2, 2)), (64, 64, (3, 5), (2, 2)))
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, kernel, stride, (kernel[0] // 2, kernel[1] // 2)))
            for a, b, kernel, stride in plan
        )
        self.out = weight_norm(nn.Conv2d(64, 1, 3, padding=1))
        self.said = nn.Conv1d(width, 64, 5, 4, 2)

    def forward(self, mel: Tensor, inner: Tensor) -> Opinion:
        """Judge mel (B, L, M) against the decoder's input (B, L, D)."""
        x, seen = ((mel - ZERO) / STEP).unsqueeze(1).contiguous(memory_format=torch.channels_last), []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), LEAK)
            seen.append(x)
        said = self.said(inner.transpose(1, 2))[..., : x.shape[2]]
        fits = (x * said.unsqueeze(-1)).sum(1) * 64**-0.5
        return Opinion((self.out(x).squeeze(1) + fits).float(), seen)


class SpectrumJudge(nn.Module):
    """Of one STFT, real and imaginary part, with magnitudes brought nearer together (power 0.3)."""

    def __init__(self, size: int, width: int = 16) -> None:
        super().__init__()
        self.size = size
        plan = ((2, width, 1), (width, width, 1), (width, 2 * width, 2), (2 * width, 2 * width, 2))
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (3, 9), (step, 2), (1, 4))) for a, b, step in plan
        )
        self.out = weight_norm(nn.Conv2d(2 * width, 1, 3, padding=1))

    def forward(self, sound: Tensor) -> Opinion:
        """Judge sound (B, T)."""
        window = torch.hann_window(self.size, device=sound.device)
        found = torch.view_as_real(torch.stft(sound.float(), self.size, self.size // 4, window=window,
                                              center=False, normalized=True, return_complex=True))
        size = found.square().sum(-1, keepdim=True).clamp(min=1e-8)
        x = (found * size**-0.35).permute(0, 3, 2, 1).contiguous(memory_format=torch.channels_last)
        seen = []
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), LEAK)
            seen.append(x)
        return Opinion(self.out(x).float(), seen)


class SoundJudge(nn.Module):
    """Of sound, at three resolutions."""

    def __init__(self, sizes: tuple[int, ...] = (1536, 640, 256)) -> None:
        super().__init__()
        self.parts = nn.ModuleList(SpectrumJudge(size) for size in sizes)

    def forward(self, sound: Tensor) -> list[Opinion]:
        """An opinion of sound (B, T) for every resolution."""
        return [part(sound) for part in self.parts]


def lesson(judge: Run, loss_of: Callable[[int], Losses], peers: Peers, step: int) -> dict[str, float]:
    """One step of a judge's own run, the `step`th since it was taken up; workers' judges meet as their pupils do."""
    judge.set_rate(judge.plan.rate * min(1.0, (step + 1) / ALONE_STEPS))
    found = judge.step(loss_of)
    peers.meet(judge.net, judge.steps, False)
    return found


def judged(real: Opinion, made: Opinion) -> Tensor:
    """Loss of the judge."""
    return (real.score - 1).square().mean() + made.score.square().mean()


def believed(made: Opinion) -> Tensor:
    """Loss of who wants to be taken for a recording."""
    return (made.score - 1).square().mean()


def alike(real: Opinion, made: Opinion) -> Tensor:
    """Mean distance of what the judge saw in both."""
    far = [(a.detach() - b).abs().mean() / a.detach().abs().mean() for a, b in zip(real.seen, made.seen, strict=True)]
    return torch.stack(far).mean()
