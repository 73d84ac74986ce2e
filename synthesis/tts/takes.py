"""A person's takes as the model sees them: which frames belong to which sound, how high, how loud.

For enrolment and conversion, where sound and text are known. It learns nothing and keeps nothing.

Shapes: L frames, N units, D width, M mel bands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from synthesis.tts import alignment, features, pitch, precision
from synthesis.tts.acoustic import ENERGY_STEP, ENERGY_ZERO, PITCH_UNIT_HZ
from synthesis.tts.features import HOP
from synthesis.tts.voice import BaseVoice

_GAP_UNITS, _GAP_FRAMES = 1, 3  # between takes of a row: as far as one convolution reaches, so that none hears another
_LONGEST_PAUSE = 24  # frames, a quarter of a second
_LEAST_ROOM = 12  # frames that tell what a room sounds like
_QUIETEST = 0.05  # share of all frames that do where there are fewer


@dataclass(frozen=True)
class Take:
    """One utterance of the person: mono float32 (T,) at 24 kHz, and the phoneme ids of its text."""

    samples: NDArray[np.float32]
    ids: Sequence[int]


@dataclass(frozen=True)
class Heard:
    """Takes as the model sees them, one after the other in one row.

    read (N, D) is what the encoder says of the units, which no voice changes; said (N,) marks units of takes, and
    frames (L,) their frames: between two takes lies a gap. durations, pitch, energy (N,); mel (L, M), f0, voiced (L,);
    bands (L, M) is 0 where a recording has nothing to say, and floor (L, M) what the room says all the time.
    """

    read: Tensor
    said: Tensor
    durations: Tensor
    pitch: Tensor
    energy: Tensor
    mel: Tensor
    f0: Tensor
    voiced: Tensor
    frames: Tensor
    bands: Tensor
    floor: Tensor


def align(base: BaseVoice, take: Take) -> tuple[NDArray[np.int64], float]:
    """Frames per unit of a take, and the aligner's score of them (see `alignment.score`).

    Raises:
        ValueError: more sounds than frames.
    """
    mel, units = _mel(take), base.units(take.ids)
    with torch.no_grad():
        chance = base.aligner(units, mel[None].to(base.device), units[..., 0] > 0)[0].cpu().numpy()
    return alignment.align(chance, units[0, :, 0].cpu().numpy(), mel)


class Observed(NamedTuple):
    """How a take says its units.

    durations, pitch (log of f0 / 150), energy (N,); mel (L, M), f0 (as pitch) and voiced (L,); score as `align`'s.
    """

    durations: Tensor
    pitch: Tensor
    energy: Tensor
    mel: Tensor
    f0: Tensor
    voiced: Tensor
    score: float


def observe(base: BaseVoice, take: Take) -> Observed:
    """Timing, melody and loudness of a take, for each unit and frame.

    Raises:
        ValueError: more sounds than frames.
    """
    counts, score = align(base, take)
    mel = _mel(take)
    f0, voiced = (track[: len(mel)] for track in pitch.track(take.samples))
    log_f0 = np.log(f0 / PITCH_UNIT_HZ).astype(np.float32)
    loud = ((features.energy(mel).numpy() - ENERGY_ZERO) / ENERGY_STEP).astype(np.float32)
    high = alignment.unit_means(log_f0, voiced + 0.02, counts)
    level = alignment.unit_means(loud, np.ones(len(loud), np.float32), counts)
    return Observed(
        torch.from_numpy(counts), torch.from_numpy(high), torch.from_numpy(level), mel,
        torch.from_numpy(log_f0), torch.from_numpy(voiced), score,
    )  # fmt: skip


def unhesitating(take: Take) -> Take:
    """The take without the middle of silences over a quarter of a second: who hesitates is not to be copied in that."""
    quiet = alignment.silent(_mel(take))
    keep = np.ones(len(take.samples), bool)
    edges = np.flatnonzero(np.diff(quiet, prepend=False, append=False)).reshape(-1, 2)
    for first, end in edges:
        keep[(first + _LONGEST_PAUSE // 2) * HOP : (end - _LONGEST_PAUSE // 2) * HOP] = False
    return Take(take.samples[keep], take.ids)


def hear(base: BaseVoice, take: Take) -> Heard:
    """A take as the model is to learn it, `unhesitating` and with a gap behind it.

    Raises:
        ValueError: more sounds than frames.
    """
    said, units = observe(base, unhesitating(take)), base.units(take.ids)
    bands = torch.ones(said.mel.shape)
    if features.is_narrow(said.mel):
        bands[:, features.NARROW_BANDS :] = 0.0
    with torch.no_grad(), precision.quick(base.device):
        read = base.acoustic.encoder(units, torch.ones(units.shape[:2], dtype=torch.bool, device=base.device))[0]
    durations, high, level = (
        functional.pad(one, (0, _GAP_UNITS)) for one in (said.durations, said.pitch, said.energy)
    )
    durations[-_GAP_UNITS:] = _GAP_FRAMES
    f0, voiced = (functional.pad(one, (0, _GAP_FRAMES)) for one in (said.f0, said.voiced))
    below, sounds, frames = (0, 0, 0, _GAP_FRAMES), len(said.durations), len(said.mel)
    floor = room(said.mel).expand(frames + _GAP_FRAMES, -1)
    return Heard(
        functional.pad(read.float().cpu(), (0, 0, 0, _GAP_UNITS)), torch.arange(sounds + _GAP_UNITS) < sounds,
        durations, high, level, functional.pad(said.mel, below), f0, voiced,
        torch.arange(frames + _GAP_FRAMES) < frames, functional.pad(bands, below), floor,
    )  # fmt: skip


def room(mel: Tensor) -> Tensor:
    """Log-mel (M,) of the noise in a recording (L, M): its mean while nobody speaks, or its quietest frames."""
    quiet = torch.from_numpy(alignment.silent(mel))
    if int(quiet.sum()) >= _LEAST_ROOM:
        return mel[quiet].mean(0)
    return mel.quantile(_QUIETEST, 0)


def joined(takes: Sequence[Heard]) -> Heard:
    """Takes one after the other, as one row."""
    names = Heard.__dataclass_fields__
    return Heard(**{name: torch.cat([getattr(take, name) for take in takes]) for name in names})


def _mel(take: Take) -> Tensor:
    wave = features.levelled(take.samples)
    return features.log_mel(torch.from_numpy(wave)[None])[0, : len(wave) // HOP]
