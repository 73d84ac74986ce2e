"""Giving back to predicted frames the contrast that averaging took from them.

A model trained on mean distance draws formants too flat: on held-out sentences the predicted
bands stand 0.4 to 0.66 times as far from their neighbourhood as recorded ones. This step moves
every band away from the mean around it. It belongs between decoder and vocoder and nowhere in
training; recorded frames must not pass it.

Measured with the first weights on 16 held-out prompts, words wrong with a closed / an open
vocabulary: without 0.092 / 0.80, amount 0.35 0.064 / 0.75, amount 0.7 0.035 / 0.73.
Shapes: L frames, M mel bands (100).
"""

import functools

import torch
from torch import Tensor

from synthesis.tts.features import MELS

AMOUNT = 0.7
AROUND = 21  # bands that make a neighbourhood: wider than a formant, narrower than the tilt


@functools.cache
def matrix(amount: float = AMOUNT) -> Tensor:
    """The step as one matrix (M, M): `mel @ matrix()`."""
    places = torch.arange(MELS)
    near = (places[:, None] + torch.arange(AROUND) - AROUND // 2).clamp(0, MELS - 1)  # edges count again
    mean = torch.zeros(MELS, MELS).scatter_add_(1, near, torch.full(near.shape, 1.0 / AROUND))
    return (torch.eye(MELS) * (1 + amount) - amount * mean).T.contiguous()


def sharpened(mel: Tensor) -> Tensor:
    """Log-mel frames (..., L, M) with the contrast of recorded ones, each as loud as it was.

    Peaks gain more than valleys lose: unchecked, a sentence came out 12 dB too loud and clipped, which cost a
    quarter more wrong words with an open vocabulary.
    """
    sharp = mel @ matrix().to(mel.device)
    return sharp + (loudness(mel) - loudness(sharp))


def loudness(mel: Tensor) -> Tensor:
    """Half the log of each frame's power summed over bands, (..., L, 1)."""
    return torch.logsumexp(2 * mel, -1, keepdim=True) / 2
