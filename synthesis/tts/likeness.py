"""A voice like a clip without training: what the reference encoder hears, and what is still missing, set by measure.

The encoder has met few people, so what it makes of a new one is drawn towards those. How bright each band is in the
mean, how high the person speaks and how far their pitch moves can be measured on both sides, and the difference fits
into an adapter: a bias for each band, and a scale and a shift of predicted pitch. For previews, and as the place from
which training starts. It needs no transcript and takes tenths of a second.

Shapes: T samples, L frames, M mel bands (100), V voice vector.
Source: the idea is Reynolds's mean-only adaptation, "Speaker verification using adapted GMMs", 2000, on the output.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthesis.tts import adapter, contrast, features, pitch, symbols
from synthesis.tts.acoustic import PITCH_UNIT_HZ
from synthesis.tts.adapter import Adapter
from synthesis.tts.features import HOP, MELS
from synthesis.tts.voice import BaseVoice, Voice

# Sentences with every sound of English in them, so that the mean hangs on the voice and not on what is said.
_SAID = (
    "ɐ lˈoʊ sˈʌn wˈɔːɹmz ðɪ ˈoʊld hˈɑːɹbɚ wˌaɪl mˈɛni bˈoʊts sˈeɪl hˈoʊm ɐɡˈɛn ˌʌndɚɹ ɐ kwˈaɪət mˈuːn.",
    "ʃiː ˈæskt wˈɛðɚ ðɪ ˈɜːli tɹˈeɪn wʊd stˈɑːp æt ðɪ ˈoʊld bɹˈɪdʒ, ænd ðə bˈɔɪ θˈɔːt əv jˈɛloʊ flˈaʊɚz.",
)
_SMOOTH = 16  # cosines that a correction is made of: formants of one sentence are not the person's
_MOST = 1.5  # nat of a band
_MOST_PITCH, _SPREADS = 1.0, (0.8, 1.4)  # natural-log shift, and factors on the spread
_EMPTY = -9.0  # mean log-mel of the last ten bands in voiced frames that says the recording ends below them
_LEAST_VOICED = 40  # frames: below, there is too little to take a mean of


class _Traits(NamedTuple):
    """Mean log-mel of voiced frames (M,), and mean and spread of log(f0 / 150) in them."""

    bands: Tensor
    pitch: float
    spread: float


def voice_like(base: BaseVoice, clips: Sequence[NDArray[np.float32]]) -> Tensor:
    """The mean of what the reference encoder hears in clips (T,) of one person at 24 kHz: (V,)."""
    return torch.from_numpy(np.mean([base.voice_vector(clip) for clip in clips], 0))


def preview(base: BaseVoice, clip: NDArray[np.float32]) -> Voice:
    """A voice from one clip of a person, mono (T,) at 24 kHz.

    Raises:
        ValueError: shorter than half a second, or silent.
    """
    own = voice_like(base, [clip])
    return Voice(own.numpy(), Adapter(base.sha256, start(base, own, [clip])))


@torch.no_grad()
def start(
    base: BaseVoice, own: Tensor, clips: Sequence[NDArray[np.float32]], rank: int = 1, seed: int = 0
) -> dict[str, Tensor]:
    """Tensors of an adapter with the voice vector `own` (V,) that speaks as high and as bright as the clips."""
    tensors = {name: value.detach() for name, value in adapter.blank(base.config.acoustic, own, seed, rank).items()}
    wanted = _measured(clips)
    if wanted is None:
        return tensors
    _, had = _made(base, tensors)
    scale = float(np.clip(wanted.spread / max(had.spread, 1e-3), *_SPREADS))
    shift = float(np.clip(wanted.pitch - had.pitch, -_MOST_PITCH, _MOST_PITCH))
    out = base.acoustic.variance.pitch.out
    tensors["pitch.row"] = (scale - 1) * out.weight[0].clone().cpu()
    tensors["pitch.bias"] = (scale - 1) * out.bias.clone().cpu() + (1 - scale) * had.pitch + shift
    mel, now = _made(base, tensors)
    tensors["bias"][MELS] += float(np.clip(wanted.pitch - now.pitch, -_MOST_PITCH, _MOST_PITCH))
    tensors["bias"][:MELS] = _brightness(mel, wanted.bands)
    return tensors


def _brightness(mel: Tensor, wanted: Tensor) -> Tensor:
    """The bias (M,) that gives voiced frames (L, M) the mean that is wanted once they are sharpened."""
    bias, back = torch.zeros(MELS), torch.linalg.inv(contrast.matrix())
    for _ in range(3):  # sharpening keeps the loudness of each frame, which is not linear
        missing = _smooth(wanted - contrast.sharpened(mel + bias).mean(0))
        bias = (bias + missing @ back).clamp(-_MOST, _MOST)
    return bias


def _smooth(missing: Tensor) -> Tensor:
    """The slow part of a curve over bands (M,), without its mean; bands without a wish (nan) keep as they are."""
    known = ~torch.isnan(missing)
    level = missing[known].mean()  # how loud somebody spoke is not who they are
    filled = torch.where(known, missing - level, 0.0)
    cosines = _cosines()
    return (filled @ cosines) @ cosines.T


@cache
def _cosines() -> Tensor:
    """The first cosines over bands, orthonormal, (M, _SMOOTH)."""
    places = (torch.arange(MELS) + 0.5) / MELS * torch.pi
    waves = torch.cos(places[:, None] * torch.arange(_SMOOTH))
    return waves / waves.norm(dim=0)


def _measured(clips: Sequence[NDArray[np.float32]]) -> _Traits | None:
    """Traits of recordings; bands that they do not have are nan. None with too little voice in them."""
    mels, tunes = [], []
    for clip in clips:
        wave = features.levelled(clip)
        mel = features.log_mel(torch.from_numpy(wave)[None])[0, : len(wave) // HOP]
        f0, voiced = (track[: len(mel)] for track in pitch.track(clip))
        mels.append(mel[torch.from_numpy(voiced) > 0])
        tunes.append(np.log(f0[voiced > 0] / PITCH_UNIT_HZ))
    sung, tune = torch.cat(mels), np.concatenate(tunes)
    if len(tune) < _LEAST_VOICED:
        return None
    bands = sung.mean(0)
    if bands[-10:].mean() < _EMPTY:
        bands[features.NARROW_MELS:] = torch.nan
    return _Traits(bands, float(tune.mean()), float(tune.std()))


def _made(base: BaseVoice, tensors: dict[str, Tensor]) -> tuple[Tensor, _Traits]:
    """Voiced frames (L, M) of the sentences as the model says them, before sharpening, and their traits."""
    person = base.person([Voice(tensors["voice"].numpy(), Adapter(base.sha256, tensors))])
    frames = []
    for said in _SAID:
        units = base.units(symbols.ids(said))
        mask = torch.ones(units.shape[:2], dtype=torch.bool, device=base.device)
        read = base.acoustic.read(units, mask, person)
        plan = base.acoustic.plan(read, mask, person)
        frames.append(base.acoustic.decoder(base.acoustic.frames(read, plan, int(plan.durations.sum())), person)[0])
    made = torch.cat(frames).cpu()
    sung = made[made[:, MELS + 1] > 0]
    sung = sung if len(sung) >= _LEAST_VOICED else made
    tune = sung[:, MELS]
    bands = contrast.sharpened(sung[:, :MELS]).mean(0)
    return sung[:, :MELS], _Traits(bands, float(tune.mean()), float(tune.std()))
