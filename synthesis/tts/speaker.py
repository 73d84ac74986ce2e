"""Who is speaking: a voice vector to speak with, and an embedding to compare people by.

One network with two ends. The embedding end is trained to tell people apart and is the
platform's speaker check; the voice end conditions the decoder. Neither is evidence of identity
by itself: the error rates stand on the model card.

It hears only bands below 7 kHz, at one level, so that a wide-band recording and a 16 kHz one of
the same person look alike.

Shapes: B batch, L frames, D width, E embedding, V voice.
Source: Desplanques et al., "ECAPA-TDNN", 2020 (attentive statistics, squeeze-excitation).
"""

import torch
from torch import Tensor, nn

from synthesis.tts.config import SpeakerConfig
from synthesis.tts.features import NARROW_MELS


class Layer(nn.Module):
    """Dilated depthwise convolution, channel mixing and squeeze-excitation, residual."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, 5, padding=2 * dilation, dilation=dilation, groups=width)
        self.norm = nn.LayerNorm(width)
        self.grow, self.shrink = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        self.squeeze, self.excite = nn.Linear(width, width // 4), nn.Linear(width // 4, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, L, D), mask (B, L, 1)."""
        y = self.mix((x * mask).transpose(1, 2)).transpose(1, 2)
        y = self.shrink(nn.functional.gelu(self.grow(self.norm(y))))
        mean = (y * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True)
        return x + y * torch.sigmoid(self.excite(torch.relu(self.squeeze(mean))))


class SpeakerNet(nn.Module):
    """See the module."""

    def __init__(self, config: SpeakerConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Conv1d(NARROW_MELS, config.width, 5, padding=2)
        self.layers = nn.ModuleList(Layer(config.width, 1 + index % 4) for index in range(config.blocks))
        self.look = nn.Linear(config.width, config.width)
        self.weigh = nn.Linear(config.width, config.width)
        self.norm = nn.LayerNorm(2 * config.width)
        self.who = nn.Linear(2 * config.width, config.embedding)
        self.voice = nn.Sequential(
            nn.Linear(2 * config.width + 2, config.voice), nn.GELU(), nn.Linear(config.voice, config.voice), nn.Tanh()
        )

    def statistics(self, mel: Tensor, mask: Tensor) -> Tensor:
        """(B, 2 D) of log-mel frames (B, L, 100); mask (B, L) true on frames to hear."""
        keep = mask.unsqueeze(-1).to(mel.dtype)
        x = self.embed(level(mel, keep).transpose(1, 2)).transpose(1, 2)
        for layer in self.layers:
            x = layer(x, keep)
        score = self.weigh(torch.tanh(self.look(x))).float().masked_fill(keep == 0, -1e4)
        weight = torch.softmax(score, 1)
        x = x.float()
        mean = (weight * x).sum(1)
        spread = ((weight * x * x).sum(1) - mean * mean).clamp(min=1e-4).sqrt()
        out: Tensor = self.norm(torch.cat([mean, spread], -1))
        return out

    def embedding(self, statistics: Tensor) -> Tensor:
        """Unit vectors (B, E); their dot product is the similarity."""
        return nn.functional.normalize(self.who(statistics).float(), dim=-1)

    def voice_vector(self, statistics: Tensor, pitch: Tensor) -> Tensor:
        """(B, V) in (-1, 1); pitch (B, 2) is the mean and the spread of log(f0 / 150) in voiced frames."""
        out: Tensor = self.voice(torch.cat([statistics, 2 * pitch], -1))
        return out.float()


def level(mel: Tensor, keep: Tensor) -> Tensor:
    """The narrow bands of (B, L, 100) with the clip's own mean over all bands and frames removed."""
    narrow = mel[..., :NARROW_MELS]
    mean = (narrow * keep).sum((1, 2), keepdim=True) / (keep.sum((1, 2), keepdim=True) * NARROW_MELS)
    return (narrow - mean) * 0.5 * keep
