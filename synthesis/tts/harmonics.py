"""Giving back to predicted frames the harmonics that averaging took from them.

The low bands are narrower than the distance of two harmonics, so a recorded frame stands high at each harmonic and low
between. Where exactly hangs on the pitch to the percent, which a model trained on mean distance cannot hit: it predicts
the mean of both, and the vocoder, which holds every band to the level that the frame asks for, fills the gaps with
noise. What it should look like is known once the pitch is: a pulse train of that pitch has the same pattern, and how
deep it is fades from band to band alike for everybody. So the fast part of predicted voiced frames is replaced by it.
Recorded frames must not pass this step.

Much of what a low voice is told by hangs on it: recorded frames without their fast part are hardly the person's any
more, and with this pattern in its place they are again.

Shapes: L frames, M mel bands (100), K pitches of the table.
"""

import functools
import math

import torch
from torch import Tensor

from synthesis.tts import contrast, source
from synthesis.tts.features import MELS, mel_matrix

SLOW = 24  # cosines over the bands that make the slow part: formants and tilt
LOWEST_HZ, HIGHEST_HZ, PITCHES = 50.0, 600.0, 640  # the table; neighbours are 0.4 % apart
_FLOOR = 0.1  # of a harmonic's height: between two there is breath, not silence
_DEPTH, _FADE, _BEND = 1.05, 32.0, 1.3  # depth in band m: _DEPTH * exp(-(m / _FADE) ** _BEND); of four people


def restored(mel: Tensor, f0: Tensor, voiced: Tensor) -> Tensor:
    """Predicted log-mel (..., L, M) with harmonics where f0 (..., L) in Hz has them, each frame as loud as before.

    Args:
        voiced: (..., L) in 0 to 1; at 0 a frame stays as it is.
    """
    fast = mel - slow(mel)
    made = mel + voiced.unsqueeze(-1) * (pattern(f0) - fast)
    return made + (contrast.loudness(mel) - contrast.loudness(made))


def slow(mel: Tensor) -> Tensor:
    """The part of log-mel (..., M) that changes slowly from band to band."""
    cosines = _cosines().to(mel.device)
    return (mel @ cosines) @ cosines.T


def pattern(f0: Tensor) -> Tensor:
    """What harmonics of pitch f0 (...,) add to the slow part, (..., M)."""
    table = _table().to(f0.device)
    place = torch.log(f0 / LOWEST_HZ) * ((PITCHES - 1) / math.log(HIGHEST_HZ / LOWEST_HZ))
    place = place.clamp(0, PITCHES - 1.001)
    below = torch.floor(place).long()
    share = (place - below.to(place.dtype)).unsqueeze(-1)
    return table[below] * (1 - share) + table[below + 1] * share


@functools.cache
def _cosines() -> Tensor:
    """The first SLOW cosines over bands, orthonormal: (M, SLOW)."""
    places = (torch.arange(MELS, dtype=torch.float64) + 0.5) / MELS * torch.pi
    waves = torch.cos(places[:, None] * torch.arange(SLOW))
    return (waves / waves.norm(dim=0)).float()


@functools.cache
def _table() -> Tensor:
    """The pattern of each pitch, (K, M)."""
    pitches = torch.exp(torch.linspace(math.log(LOWEST_HZ), math.log(HIGHEST_HZ), PITCHES))
    held = pitches[:, None].expand(-1, 1 + 2 * source.PAD).contiguous()
    matrix = torch.from_numpy(mel_matrix())
    loud = source.pulses(held, source.phases(held))[:, 0].abs() @ matrix.T / matrix.sum(1)
    log = torch.log(loud + _FLOOR)
    depth = _DEPTH * torch.exp(-((torch.arange(MELS) / _FADE) ** _BEND))
    return (log - slow(log)) * depth
