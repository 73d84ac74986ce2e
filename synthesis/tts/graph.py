"""The whole voice as one ONNX graph: phoneme ids in, sound out, with the mark inside.

For a copy that leaves with its owner and for runtimes without torch (ONNX Runtime, Piper,
sherpa-onnx). One voice per graph: its vector and adapter are constants in it. The complex
arithmetic of the vocoder is written out in real numbers here, because the format has none;
`tests/synthesis/tts/test_graph.py` holds it against the original.

Inputs as Piper's voices have them: input (1, T) int64 ids, input_lengths (1,) int64, scales (3,)
float: [1] is how much longer than natural to speak, the others mean nothing here. Output
(1, 1, 1, S). Exactly one Ceil stands in the graph, where Piper looks for durations.

Shapes: T ids, N units, L frames, F bins, S samples; of the mark, K symbol times, B bands, W symbols around a frame.
"""

import math
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from synthesis.tts import contrast, source, stream, symbols, vocoder
from synthesis.tts.acoustic import PITCH_UNIT_HZ
from synthesis.tts.features import BINS, FFT, HOP, MELS, RATE_HZ
from synthesis.tts.source import PAD
from synthesis.tts.voice import BaseVoice, Voice
from watermark.codec.portable import Tables

OPSET = 17
NOISE_ROWS = 512  # of the fixed noise; 5.5 s of it keep the file small


class Graph(nn.Module):
    """See the module.

    The field of `mark` multiplies the spectrum, from a place of the ring that is drawn anew for every utterance,
    unless `is_fixed`: then noise and mark start at their first row, for comparing samples.
    """

    lead: Tensor
    trail: Tensor
    pause: Tensor
    forward_cos: Tensor
    forward_sin: Tensor
    back_cos: Tensor
    back_sin: Tensor
    noise: Tensor
    signs: Tensor
    arches: Tensor
    bands: Tensor

    def __init__(self, base: BaseVoice, voice: Voice, mark: Tables | None, is_fixed: bool = False) -> None:
        super().__init__()
        self.is_fixed = is_fixed
        self.acoustic, self.vocoder = base.acoustic, base.vocoder
        self.person = base.person([voice])
        keep = {"lead": symbols.LEADING_MARKS, "trail": symbols.TRAILING_MARKS, "pause": symbols.PAUSES}
        for name, marks in keep.items():
            table = torch.zeros(symbols.COUNT, dtype=torch.long)
            table[[symbols.ID_OF[mark] for mark in marks]] = 1
            self.register_buffer(name, table)
        time, bins = torch.arange(FFT, dtype=torch.float64), torch.arange(BINS, dtype=torch.float64)
        turn = 2 * math.pi * time[:, None] * bins / FFT
        window = torch.hann_window(FFT, dtype=torch.float64)[:, None]
        self.register_buffer("forward_cos", (torch.cos(turn) * window).float())
        self.register_buffer("forward_sin", (-torch.sin(turn) * window).float())
        share = torch.full((BINS, 1), 2.0 / FFT, dtype=torch.float64)
        share[[0, -1]] = 1.0 / FFT
        back = window.T / vocoder.WINDOW_SUM * share
        self.register_buffer("back_cos", (torch.cos(turn).T * back).float())
        self.register_buffer("back_sin", (-torch.sin(turn).T * back).float())
        noise = source.noise(0, NOISE_ROWS, torch.device("cpu"))
        self.register_buffer("noise", torch.stack([noise.real, noise.imag], 1).contiguous())
        self.mark = mark
        if mark is not None:
            self.register_buffer("signs", torch.from_numpy(mark.signs))
            self.register_buffer("arches", torch.from_numpy(mark.arches))
            self.register_buffer("bands", torch.from_numpy(mark.bins))

    def forward(self, ids: Tensor, lengths: Tensor, scales: Tensor) -> Tensor:
        """Sound (1, 1, 1, S) of ids (1, T)."""
        units = self.units(ids[0, : lengths[0]])
        mask = torch.ones_like(units[..., 0], dtype=torch.bool)
        read = self.acoustic.read(units, mask, self.person)
        plan = self.acoustic.plan(read, mask, self.person, rate=1.0 / scales[1])
        inner = self.acoustic.frames(read, plan, plan.durations.sum())
        made = self.acoustic.decoder(inner, self.person)
        wave = self.sound(made, self.draw(ids[0], scales))
        return wave.clamp(-1, 1)[None, None]

    def draw(self, ids: Tensor, scales: Tensor) -> Tensor:
        """Where noise and mark begin, as a share of the ring, (1,) in [0, 1).

        A number drawn by the runtime, moved by a sum over what is said: sessions that a runtime opens one after the
        other may draw the same numbers, and then other words still begin elsewhere.
        """
        if self.is_fixed:
            return torch.zeros_like(scales[:1])
        spread = torch.arange(ids.shape[0]) * 40_503 % 65_521 + 1
        said = ((ids * spread).sum() % 65_536).float() / 65_536
        share = torch.rand_like(scales[:1]) + said
        return share - torch.floor(share)

    def units(self, ids: Tensor) -> Tensor:
        """`symbols.units` in tensor operations: (1, N, 3) from (T,)."""
        ids = ids[ids != 0]
        lead, trail, pause = self.lead[ids], self.trail[ids], self.pause[ids]
        none = torch.zeros_like(ids[:1])
        before = torch.cat([none, (ids * lead)[:-1]]) * (1 - pause)
        one = torch.cat([(ids * trail)[1:], none])
        two = torch.cat([one[1:], none]) * (one > 0)
        after = torch.where(two > 0, two, one) * (1 - pause)
        return torch.stack([ids, before, after], -1)[(lead + trail) == 0][None]

    def sound(self, made: Tensor, draw: Tensor) -> Tensor:
        """(1, S) from decoder frames (1, L, M + 2); draw (1,) in [0, 1) places noise and mark."""
        f0 = (PITCH_UNIT_HZ * torch.exp(made[..., MELS])).clamp(stream.LOWEST_HZ, stream.HIGHEST_HZ)
        voiced = torch.sigmoid(made[..., MELS + 1])
        mel = contrast.sharpened(made[..., :MELS])
        filters = self.vocoder.filters(mel, f0, voiced)
        pulse = self.pulses(f0)
        rows = torch.arange(mel.shape[1])
        noise = self.noise[(rows + (draw * NOISE_ROWS).long()) % NOISE_ROWS]
        real, imag = self.consistent(mel, *self.spectrum(mel, filters, pulse, (noise[:, 0], noise[:, 1])))
        gain = self.gains(rows, draw)
        return self.overlap_add(real * gain, imag * gain)

    def gains(self, rows: Tensor, draw: Tensor) -> Tensor:
        """`portable.Tables.gains` in tensor operations: (L, F) for frames `rows` (L,)."""
        if self.mark is None:
            return torch.ones(1, 1)
        phases, ring = self.arches.shape[0], self.signs.shape[0]
        place = rows * self.mark.step
        symbol = torch.div(place, phases, rounding_mode="floor")
        start = (draw * ring).long() + ring - self.mark.before
        reach = torch.arange(self.arches.shape[1])
        signs = self.signs[(start + symbol[:, None] + reach) % ring].float()
        near = (self.arches[place - symbol * phases].unsqueeze(-1) * signs).sum(1)
        decibels = (near @ self.bands).clamp(-self.mark.limit_db, self.mark.limit_db)
        return torch.exp(decibels * (math.log(10) / 20))

    def pulses(self, f0: Tensor) -> tuple[Tensor, Tensor]:
        """`source.pulses` of a whole utterance, real and imaginary (1, L, F)."""
        padded = torch.cat([f0[:, :1].expand(1, PAD), f0, f0[:, -1:].expand(1, PAD)], 1)
        steps = source.advance(padded)
        turns = torch.cat([torch.zeros_like(steps[:, :1]), torch.cumsum(steps, -1)[:, :-1]], 1)
        ramp = torch.arange(HOP, dtype=torch.float32) / RATE_HZ
        here, slope = padded[:, :-1, None], (padded[:, 1:, None] - padded[:, :-1, None]) / (2 * HOP)
        start = (turns - torch.floor(turns)).float().unsqueeze(-1)
        spot = start + here * ramp + slope * ramp * ramp * RATE_HZ
        angle = 2 * math.pi * (spot - torch.round(spot))
        count = torch.floor(RATE_HZ / 2 / here)
        half = torch.sin(angle / 2)
        near = half.abs() < 2e-3
        train = torch.sin((count + 0.5) * angle) / (2 * torch.where(near, torch.ones_like(half), half)) - 0.5
        train = torch.where(near, count + torch.zeros_like(train), train)
        frames = torch.cat([train[:, part : part + f0.shape[1]] for part in range(FFT // HOP)], -1)
        level = f0.unsqueeze(-1) * (FFT / RATE_HZ / source.PULSE_SUM)
        return frames @ self.forward_cos * level, frames @ self.forward_sin * level

    def spectrum(
        self, mel: Tensor, filters: Tensor, pulse: tuple[Tensor, Tensor], noise: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """`Vocoder.spectrum`, real and imaginary (1, L, F)."""
        net, most = self.vocoder, vocoder.CLAMP
        envelope = (mel - net.width) @ net.spread.T
        voiced_log, turn, noise_log = filters[..., :BINS], filters[..., BINS : 2 * BINS], filters[..., 2 * BINS :]
        voiced = torch.exp(envelope + voiced_log.clamp(-2 * most, most))
        hiss = torch.exp(envelope + (noise_log - 1.0).clamp(-2 * most, most))
        cos, sin = voiced * torch.cos(turn * math.pi), voiced * torch.sin(turn * math.pi)
        real = cos * pulse[0] - sin * pulse[1] + hiss * noise[0]
        imag = cos * pulse[1] + sin * pulse[0] + hiss * noise[1]
        level = self.levels(mel, real, imag, most)
        return real * level, imag * level

    def levels(self, mel: Tensor, real: Tensor, imag: Tensor, most: float) -> Tensor:
        """`Vocoder._levels` of a spectrum in two parts: (1, L, F)."""
        heard = torch.log(torch.sqrt(real * real + imag * imag + 1e-12) @ self.vocoder.matrix.T + 1e-6)
        return torch.exp((mel - heard).clamp(-most, most) @ self.vocoder.spread.T)

    def consistent(self, mel: Tensor, real: Tensor, imag: Tensor) -> tuple[Tensor, Tensor]:
        """`Vocoder.consistent` in real numbers, (1, L, F) each."""
        count = mel.shape[1]
        for _ in range(vocoder.ROUNDS):
            hops = self.overlap_add(real, imag).reshape(1, -1, HOP)
            hops = nn.functional.pad(hops, (0, 0, FFT // HOP // 2, FFT // HOP // 2))
            frames = torch.cat([hops[:, part : part + count] for part in range(FFT // HOP)], -1)
            real, imag = frames @ self.forward_cos, frames @ self.forward_sin
            level = self.levels(mel, real, imag, vocoder.ROUND_CLAMP) ** vocoder.HASTE
            real, imag = real * level, imag * level
        return real, imag

    def overlap_add(self, real: Tensor, imag: Tensor) -> Tensor:
        """`vocoder.overlap_add` in real numbers: (1, 256 L)."""
        frames = real @ self.back_cos + imag @ self.back_sin
        parts = FFT // HOP
        total = torch.zeros_like(nn.functional.pad(frames[..., :HOP], (0, 0, 0, parts - 1)))
        for part in range(parts):
            piece = frames[..., part * HOP : (part + 1) * HOP]
            total = total + nn.functional.pad(piece, (0, 0, part, parts - 1 - part))
        return total.reshape(1, -1)[:, FFT // 2 : -(FFT // 2 - HOP)]


def write(base: BaseVoice, voice: Voice, path: Path, mark: Tables | None, *, is_fixed: bool = False) -> None:
    """Write one voice as an ONNX file.

    Args:
        mark: what the voice marks everything it says with; None for measurements only.
        is_fixed: no draw inside; for measurements too.
    """
    graph = Graph(base, voice, mark, is_fixed).eval()
    example = torch.tensor([symbols.ids("həlˈoʊ, wˈɜːld.")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every shape it freezes; the tests would tell
        torch.onnx.export(
            graph, (example, torch.tensor([example.shape[1]]), torch.tensor([0.0, 1.0, 0.0])), str(path),
            input_names=["input", "input_lengths", "scales"], output_names=["output"], opset_version=OPSET,
            dynamic_axes={"input": {1: "ids"}, "output": {3: "samples"}}, dynamo=False,
        )  # fmt: skip
