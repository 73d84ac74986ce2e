"""Frames of two voices beside each other though they say different words, and the way from one to the other.

Every frame of the one is paired with those of the other that stand in the same place of their own voice: both are
taken by their mean and spread, so that who speaks falls away and what is said is left. It needs no transcript and
knows no sounds.

Shapes: L frames, M mel bands (100), C cepstral coefficients, D width of what the last layer of the decoder hears.
Sources: Erro, Moreno, Bonafonte, "INCA algorithm for training voice conversion systems from nonparallel corpora",
2010; of the spread that a mean takes away: Toda, Black, Tokuda, "Voice conversion based on maximum-likelihood
estimation of spectral parameter trajectory", 2007.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from synthesis.tts.features import NARROW_MELS

_CEPSTRA = 16
_AROUND = 4  # frames: a pair is alike there too, before and behind
_NEIGHBOURS = 5  # whose mean a frame is paired with
_MOST_SPREAD = 2.7  # times: where hardly anything varies, there is nothing to tell a spread by
_SPEECH = 5.0  # nat below the loud frames: what is quieter is not paired
_FIRM = 1.0  # ridge: a direction that varies less than this is not leant on


class Frames(NamedTuple):
    """Log-mel frames (L, M) of one voice, and which are voiced (L,)."""

    mel: Tensor
    voiced: Tensor


def speech(mel: Tensor) -> Tensor:
    """Which frames (L,) of (L, M) are loud enough to be paired."""
    loud = torch.logsumexp(2 * mel, -1) / 2
    return loud > loud.quantile(0.95) - _SPEECH


def paired(own: Frames, other: Frames, rows: Tensor) -> Tensor:
    """What the other voice has in place of the frames `rows` (L,) of `own`: (N, M), means of the nearest, spread again.

    A frame that the other voice has nothing like for stays as it is.
    """
    heard = speech(other.mel)
    here, there = _places(own, rows), _places(other, heard)
    aims = own.mel.clone()
    for voiced in (True, False):
        some, among = rows & (own.voiced == voiced), heard & (other.voiced == voiced)
        if int(among.sum()) >= _NEIGHBOURS:
            near = torch.cdist(here[some], there[among]).topk(_NEIGHBOURS, 1, largest=False).indices
            aims[some] = _spread(other.mel[among][near].mean(1), other.mel[among].std(0))
    return aims[rows]


def _spread(means: Tensor, usual: Tensor) -> Tensor:
    """Means of frames (N, M), as far apart as single frames are in each band: `usual` (M,) is their deviation."""
    lost = (usual / means.std(0).clamp(min=0.05)).clamp(1.0, _MOST_SPREAD)
    return means.mean(0) + (means - means.mean(0)) * lost


def ridge(x: Tensor, missing: Tensor) -> Tensor:
    """The matrix (D, M) that makes of centred x (N, D) what is missing (N, M) in it, drawn towards nothing."""
    ground = _FIRM * len(x) * torch.eye(x.shape[1])
    found: Tensor = torch.linalg.solve(x.T @ x + ground, x.T @ (missing - missing.mean(0)))
    return found


def low_rank(x: Tensor, matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Factors (D, rank), of columns of length 1, and (rank, M), whose product is nearest to the matrix on x (N, D)."""
    directions = torch.linalg.svd(x @ matrix, full_matrices=False).Vh[:rank]
    down = matrix @ directions.T
    length = down.norm(dim=0).clamp(min=1e-6)
    return down / length, directions * length[:, None]


def _places(frames: Frames, heard: Tensor) -> Tensor:
    """Where in its voice each frame stands, with its surroundings: (L, 3 C). Frames `heard` (L,) make the voice."""
    cepstra = frames.mel[:, :NARROW_MELS] @ _cosines()
    usual = cepstra[frames.voiced & heard]
    stands = (cepstra - usual.mean(0)) / usual.std(0).clamp(min=1e-3) * _weights()
    wide = functional.pad(stands.T[None], (_AROUND, _AROUND), mode="replicate")[0].T
    return torch.cat([wide[: -2 * _AROUND], stands, wide[2 * _AROUND :]], 1)


@cache
def _cosines() -> Tensor:
    """(NARROW_MELS, C)."""
    places = (torch.arange(NARROW_MELS) + 0.5) / NARROW_MELS * torch.pi
    waves = torch.cos(places[:, None] * torch.arange(_CEPSTRA))
    return waves / waves.norm(dim=0)


@cache
def _weights() -> Tensor:
    """Slow cosines count for more, loudness for less: (C,)."""
    weights = (1 + torch.arange(_CEPSTRA)).float() ** -0.5
    weights[0] *= 0.5
    return weights
