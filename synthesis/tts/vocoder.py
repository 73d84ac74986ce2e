"""Frames to sound: a source-filter vocoder in the STFT domain.

For every voice alike: it is given no speaker, only what the frames say. The network predicts
how to filter a pulse train and a noise; the mel frames themselves set the level, before and
after. It does not predict pitch and does not stream (`stream` feeds it chunk by chunk).

The gain argument is the seam where the watermark enters, between the last decision of the
network and the inverse transform. Only training and measurements may leave it out.

Shapes: B batch, L frames, M mel bands (100), F bins (513), T = 256 L samples.
Sources: Wang et al., "Neural source-filter waveform models", 2019; Siuzdak, "Vocos", 2023;
Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984.
"""

import math

import torch
from torch import Tensor, nn

from synthesis.tts import features, source
from synthesis.tts.blocks import Stage
from synthesis.tts.config import VocoderConfig
from synthesis.tts.features import BINS, FFT, HOP, MELS, mel_matrix, mel_spread

OVERLAP = FFT // HOP
CLAMP = 4.0  # no correction beyond e^4 of what the mel frame says
WINDOW_SUM = 1.5  # of the squared Hann window at a quarter hop
ROUNDS = 3  # of `Vocoder.consistent`; each makes PESQ of copy synthesis better, less and less so
ROUND_CLAMP = 1.0  # no round moves a band by more than e; measured to cost nothing, and it keeps rounding errors small
HASTE = 1.5  # a round goes this much further than it should: three then do what five would
ROUND_REACH = OVERLAP - 1  # frames on each side that one round mixes in


def reach(config: VocoderConfig) -> int:
    """Frames of context on each side that decide what the network says of one frame."""
    return (config.kernel // 2) * (config.blocks + 1)


class Vocoder(nn.Module):
    """See the module. Built from a VocoderConfig; weights come from the base voice file."""

    spread: Tensor
    matrix: Tensor
    width: Tensor

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Conv1d(MELS + 2, config.width, config.kernel, padding=config.kernel // 2)
        self.first = nn.LayerNorm(config.width)
        self.stages = nn.ModuleList(
            Stage(config.width, config.expand, config.kernel) for _ in range(config.blocks)
        )
        self.last = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, 3 * BINS)
        nn.init.normal_(self.head.weight, std=0.005)
        nn.init.zeros_(self.head.bias)
        matrix = torch.from_numpy(mel_matrix())
        self.register_buffer("matrix", matrix, persistent=False)
        self.register_buffer("width", matrix.sum(1).log(), persistent=False)
        self.register_buffer("spread", torch.from_numpy(mel_spread()), persistent=False)

    def filters(self, mel: Tensor, f0: Tensor, voiced: Tensor) -> Tensor:
        """What the network says of each frame: (B, L, 3 F) from mel (B, L, M), f0 and voiced (B, L)."""
        pitch = torch.log(f0 / 150.0).unsqueeze(-1)
        frames = torch.cat([mel * 0.2 + 1.0, pitch, voiced.unsqueeze(-1)], -1)
        x = self.first(self.embed(frames.transpose(1, 2)).transpose(1, 2))
        for stage in self.stages:
            x = stage(x)
        out: Tensor = self.head(self.last(x))
        return out.float()

    def spectrum(self, mel: Tensor, filters: Tensor, pulse: Tensor, noise: Tensor) -> Tensor:
        """The STFT of the sound, complex (B, L, F), before any gain field.

        Args:
            mel: (B, L, M).
            filters: (B, L, 3 F) from `filters`.
            pulse, noise: complex (B, L, F) and (L, F) from `source`.
        """
        envelope = (mel - self.width) @ self.spread.T
        voiced_db, turn, noise_db = filters.chunk(3, -1)
        voiced_part = torch.exp(envelope + torch.clamp(voiced_db, -2 * CLAMP, CLAMP))
        noise_part = torch.exp(envelope + torch.clamp(noise_db - 1.0, -2 * CLAMP, CLAMP))
        filtered = torch.polar(voiced_part, turn * math.pi) * pulse + noise_part * noise
        return filtered * self._levels(mel, filtered).to(filtered.dtype)

    def consistent(self, mel: Tensor, spectrum: Tensor) -> Tensor:
        """`spectrum` (B, L, F) moved to where the sound made of it has the levels of `mel` (B, L, M).

        Neighbouring frames overlap, so the sound of a spectrum has another spectrum. Every round listens to that
        sound and sets its levels again, keeping its phases: Griffin and Lim's step, in mel bands, from a good start.
        A frame hears ROUNDS * ROUND_REACH frames on each side.
        """
        for _ in range(ROUNDS):
            heard = features.spectrum(overlap_add(spectrum))[:, : mel.shape[1]]
            spectrum = heard * (self._levels(mel, heard, ROUND_CLAMP) ** HASTE).to(heard.dtype)
        return spectrum

    def _levels(self, mel: Tensor, filtered: Tensor, most: float = CLAMP) -> Tensor:
        """Gain (B, L, F) that brings every mel band of `filtered` to the level the frame asks for."""
        power = filtered.real**2 + filtered.imag**2
        heard = torch.log(torch.sqrt(power + 1e-12) @ self.matrix.T + 1e-6)
        return torch.exp(torch.clamp(mel - heard, -most, most) @ self.spread.T)

    def forward(self, mel: Tensor, f0: Tensor, voiced: Tensor, first_noise: int = 0) -> Tensor:
        """Sound (B, T) of whole utterances, unmarked: for training and measurements.

        Args:
            mel: natural-log mel frames (B, L, M).
            f0: Hz above 0, (B, L).
            voiced: 0 to 1, (B, L).
            first_noise: where the fixed noise starts; see `source`.
        """
        return self.render(mel, f0, self.filters(mel, f0, voiced), first_noise)

    def render(self, mel: Tensor, f0: Tensor, filters: Tensor, first_noise: int = 0) -> Tensor:
        """The second half of `forward`, in full precision whatever the first half ran in."""
        padded = nn.functional.pad(f0[:, None], (source.PAD, source.PAD), mode="replicate")[:, 0]
        pulse = source.pulses(padded, source.phases(padded))
        noise = source.noise(first_noise, mel.shape[1], mel.device)
        return overlap_add(self.consistent(mel, self.spectrum(mel, filters, pulse, noise)))


def overlap_add(spectrum: Tensor) -> Tensor:
    """Inverse STFT of (B, L, F) frames centred on every hop: (B, 256 L) samples."""
    return pieces(spectrum)[:, FFT // 2 : FFT // 2 + HOP * spectrum.shape[1]]


def pieces(spectrum: Tensor) -> Tensor:
    """As `overlap_add`, with the 512 samples before and 256 after that neighbours still add to."""
    window = torch.hann_window(FFT, device=spectrum.device) / WINDOW_SUM
    frames = torch.fft.irfft(spectrum, n=FFT) * window
    batch, count, _ = frames.shape
    hops = frames.reshape(batch, count, OVERLAP, HOP)
    total = torch.zeros(batch, count + OVERLAP - 1, HOP, dtype=frames.dtype, device=frames.device)
    for part in range(OVERLAP):
        total = total + nn.functional.pad(hops[:, :, part], (0, 0, part, OVERLAP - 1 - part))
    return total.reshape(batch, -1)
