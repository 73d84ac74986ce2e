"""Many clips at once on any device, in torch: what marks a clip and what a detector reads from it.

The reference is numpy (`field`, `transform`, `frames`, `evidence`); this is the same arithmetic in float32, equal
within 1e-5, for a graphics processor that marks or analyses whole archives. Nothing else of the codec needs torch,
and this module is the only one that imports it.

Shapes: N clips of one length and rate, T samples, L frames, F bins, C cells, B bands.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from watermark.codec.evidence import CLIP, LEAST_SPREAD, separable
from watermark.codec.field import STRENGTH_DB, gain_field
from watermark.codec.frames import BINS, FRAME, cell_weights
from watermark.codec.keys import MarkKey
from watermark.codec.network import SPANS, released
from watermark.codec.pattern import BANDS
from watermark.codec.transform import OVERLAP, frame_and_hop

Device = str | torch.device
Place = tuple[int, int]  # salt, start


def gains(
    keys: Sequence[MarkKey],
    records: Sequence[int],
    places: Sequence[Place],
    frames: int,
    rate_hz: int,
    *,
    strength_db: float = STRENGTH_DB,
    device: Device = "cpu",
) -> Tensor:
    """The gains of N outputs, (N, L, F): signs are the key's and drawn by the processor, the rest is small."""
    frame, hop = frame_and_hop(rate_hz)
    fields = [
        gain_field(key, record, *place, rate_hz=rate_hz, n_fft=frame, hop=hop, strength_db=strength_db)(0, frames)
        for key, record, place in zip(keys, records, places, strict=True)
    ]
    return torch.from_numpy(np.stack(fields)).to(device)


def spectra(samples: Tensor, rate_hz: int) -> Tensor:
    """Complex spectra (N, L, F) of frames centred on every hop, zero beyond the edges; samples (N, T)."""
    frame, hop = frame_and_hop(rate_hz)
    padded = torch.nn.functional.pad(samples, (frame // 2, frame // 2 + hop))
    every = padded.unfold(1, frame, hop)[:, : samples.shape[1] // hop + 1]
    spectrum: Tensor = torch.fft.rfft(every * _window(frame, samples), dim=2)
    return spectrum


def multiplied(samples: Tensor, fields: Tensor, rate_hz: int) -> Tensor:
    """Clips (N, T) with gains (N, L, F) over their spectra, as `transform.multiplied`."""
    frame, hop = frame_and_hop(rate_hz)
    count = samples.shape[1]
    frames = -(-count // hop) + OVERLAP  # as many as touch the clip
    padded = torch.nn.functional.pad(samples, (frame // 2, frames * hop + frame - count))
    every = padded.unfold(1, frame, hop)[:, :frames]
    window = _window(frame, samples)
    spectrum = torch.fft.rfft(every * window, dim=2) * fields[:, :frames]
    pieces = torch.fft.irfft(spectrum, frame, dim=2) * (window / 1.5)
    size = (frames - 1) * hop + frame
    whole = torch.nn.functional.fold(pieces.transpose(1, 2), (1, size), (1, frame), stride=(1, hop))[:, 0, 0]
    return whole[:, frame // 2 :][:, :count]


def frames_needed(samples: int, rate_hz: int) -> int:
    """How many frames of gains a clip of so many samples takes."""
    return -(-samples // frame_and_hop(rate_hz)[1]) + OVERLAP


def power(samples: Tensor, rate_hz: int) -> Tensor:
    """Power spectra (N, L, 321) as `frames.power`, for rates that are multiples of 100.

    Raises:
        ValueError: another rate; resample first.
    """
    if rate_hz % 100:
        raise ValueError("only rates in whole hundreds of hertz")
    # In double precision: what single precision rounds away here the network makes visible.
    whole = spectra(samples.double(), rate_hz)[:, :, :BINS]
    found = samples.new_zeros((*whole.shape[:2], BINS))
    found[:, :, : whole.shape[2]] = (FRAME / (rate_hz // 25)) ** 2 * (whole.real**2 + whole.imag**2)
    return found


def evidence(spectrum: Tensor, pitch: float = 1.0) -> Tensor:
    """Evidence (N, L, 54) of power spectra (N, L, 321), as `evidence.evidence_of(...).values`."""
    cells, _ = _cells(spectrum, pitch)
    return torch.clamp(_scaled(_filtered(cells).sum(dim=1))[0], -CLIP, CLIP)


def judged(spectrum: Tensor, pitch: float = 1.0) -> Tensor:
    """Evidence (N, L, 54) as the network judges it, as `evidence.judged(...).values`."""
    shown, weights = _planes(spectrum, pitch), released()
    hidden = shown
    for (distance, taps), kernel, offset in zip(SPANS, weights.kernels, weights.offsets, strict=True):
        reach = (distance * (taps // 2), 1)
        taken, added = (torch.from_numpy(part).to(hidden) for part in (kernel, offset))
        hidden = torch.relu(torch.nn.functional.conv2d(hidden, taken, added, padding=reach, dilation=(distance, 1)))
    last = torch.from_numpy(weights.last).to(hidden)[:, :, None, None]
    added = torch.from_numpy(weights.last_offset).to(hidden)
    scale, correction = torch.nn.functional.conv2d(hidden, last, added).unbind(dim=1)
    return torch.tanh(0.5 * (shown[:, 0] * torch.exp(scale) + correction))


def _planes(spectrum: Tensor, pitch: float) -> Tensor:
    """What the network is shown, (N, 10, L, 54), as `evidence.planes`."""
    cells, floors = _cells(spectrum, pitch)
    heights = [torch.clamp(cells - torch.log(floor + 1e-12), 0.0, 10.0) for floor in floors]
    over_frame, over_band = (_pairs(height).mean(dim=1) for height in heights)
    parts = _filtered(cells)
    base, spread = _scaled(parts.sum(dim=1))
    of_clip = (torch.log(spread), 0.5 * over_frame.mean(dim=1, keepdim=True) - 1.0, torch.linspace(-1.0, 1.0, BANDS))
    planes = (
        torch.clamp(base, -CLIP, CLIP)[:, None],
        torch.clamp(parts[:, :2] / spread[:, None], -2 * CLIP, 2 * CLIP),
        torch.clamp(_pairs(cells - cells.mean(dim=1, keepdim=True)), -5.0, 5.0),
        (0.5 * over_frame - 1.0)[:, None],
        (0.25 * over_band - 1.0)[:, None],
        *(part.to(base).expand_as(base)[:, None] for part in of_clip),
    )
    return torch.cat(planes, dim=1)


def _cells(spectrum: Tensor, pitch: float) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Log energies (N, L, C), and the floors of each frame (N, L, 1) and band (N, 1, C)."""
    energy = spectrum @ torch.from_numpy(cell_weights(round(pitch, 4))).to(spectrum)
    loud = torch.quantile(energy, 0.9, dim=1, keepdim=True) * 1e-3
    frame = energy.mean(dim=2, keepdim=True) * 10**-1.2
    return torch.log(energy + loud + frame + 1e-12), (frame, loud)


def _filtered(cells: Tensor) -> Tensor:
    """What each rank of the filter says of cells (N, L, C): (N, 3, L, B)."""
    cells = cells - cells.mean(dim=1, keepdim=True)
    parts = [_over_time(cells @ torch.from_numpy(matrix).to(cells), taps) for taps, matrix in separable()]
    return torch.stack(parts, dim=1)


def _scaled(heard: Tensor) -> tuple[Tensor, Tensor]:
    """Each band over its own spread (N, L, B), and the spreads (N, 1, B)."""
    spread = torch.clamp(1.25 * heard.abs().mean(dim=1, keepdim=True), min=LEAST_SPREAD)
    return heard / spread, spread


def _pairs(cells: Tensor) -> Tensor:
    """The lower and the upper cell of each band: (N, L, C) -> (N, 2, L, B)."""
    return cells.reshape(*cells.shape[:2], BANDS, 2).permute(0, 3, 1, 2)


def _over_time(bands: Tensor, taps: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Tensor:
    """Correlate each band with the taps; beyond the edges the last value is repeated."""
    half = len(taps) // 2
    padded = torch.nn.functional.pad(bands.transpose(1, 2), (half, half), mode="replicate")
    weight = torch.from_numpy(taps).to(bands).expand(bands.shape[2], 1, -1)
    return torch.nn.functional.conv1d(padded, weight, groups=bands.shape[2]).transpose(1, 2)


def _window(size: int, like: Tensor) -> Tensor:
    return torch.hann_window(size, dtype=like.dtype, device=like.device)
