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
    whole = spectra(samples, rate_hz)[:, :, :BINS]
    found = samples.new_zeros((*whole.shape[:2], BINS))
    found[:, :, : whole.shape[2]] = (FRAME / (rate_hz // 25)) ** 2 * (whole.real**2 + whole.imag**2)
    return found


def evidence(spectrum: Tensor, pitch: float = 1.0) -> Tensor:
    """Evidence (N, L, 54) of power spectra (N, L, 321), as `evidence.evidence_of(...).values`."""
    energy = spectrum @ torch.from_numpy(cell_weights(round(pitch, 4))).to(spectrum)
    loud = torch.quantile(energy, 0.9, dim=1, keepdim=True) * 1e-3
    cells = torch.log(energy + loud + energy.mean(dim=2, keepdim=True) * 10**-1.2 + 1e-12)
    cells = cells - cells.mean(dim=1, keepdim=True)
    parts = [_over_time(cells @ torch.from_numpy(matrix).to(cells), taps) for taps, matrix in separable()]
    out = torch.stack(parts).sum(dim=0)
    spread = torch.clamp(1.25 * out.abs().mean(dim=1, keepdim=True), min=LEAST_SPREAD)
    return torch.clamp(out / spread, -CLIP, CLIP)


def _over_time(bands: Tensor, taps: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Tensor:
    """Correlate each band with the taps; beyond the edges the last value is repeated."""
    half = len(taps) // 2
    padded = torch.nn.functional.pad(bands.transpose(1, 2), (half, half), mode="replicate")
    weight = torch.from_numpy(taps).to(bands).expand(bands.shape[2], 1, -1)
    return torch.nn.functional.conv1d(padded, weight, groups=bands.shape[2]).transpose(1, 2)


def _window(size: int, like: Tensor) -> Tensor:
    return torch.hann_window(size, dtype=like.dtype, device=like.device)
