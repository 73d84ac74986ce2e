"""A voice like a clip without training: what the reference encoder hears, and what is still missing, set by measure.

The encoder has met few people, so what it makes of a new one is drawn towards those. How high the person speaks and how
far their pitch moves, how bright each band is in the mean, and what each kind of sound lacks (`pairing`) can be told
on both sides, and the difference fits into an adapter: a scale and a shift of predicted pitch, a bias for each band and
a low-rank update of the last layer. For previews, and as the place from which training starts. It needs no transcript
and takes tenths of a second.

Shapes: T samples, L frames, M mel bands (100), V voice vector, D width of the decoder.
Source: Reynolds's mean-only adaptation, "Speaker verification using adapted GMMs", 2000, on the output; see `pairing`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthesis.tts import adapter, contrast, features, pairing, pitch, symbols
from synthesis.tts.acoustic import PITCH_UNIT_HZ
from synthesis.tts.adapter import Adapter
from synthesis.tts.clearness import chances
from synthesis.tts.features import HOP, MELS
from synthesis.tts.pairing import Frames
from synthesis.tts.pitch import Track
from synthesis.tts.voice import BaseVoice, Voice

# Sentences of CMU ARCTIC whose mean frame and pitch, together, are near to those of all of them, in several voices:
# what is missing is measured on these, and sentences full of back vowels leave every voice dull.
_SAID = (
    "hiː kɹˈaɪd ɪn sˈʌtʃ dʒˈɛnjuːɪn dɪsmˈeɪ ðæt ʃiː bɹˈoʊk ˌɪntʊ hˈɑːɹɾi lˈæftɚ.",
    "ˈaɪ æm ɡˌoʊɪŋ tə sɚpɹˈaɪz fˈɑːðɚ, ænd juː wɪl ɡˌoʊ wɪð piˈɛɹ.",
    "mˈʌtʃ mˈɔːɹ ˈɜːnɪst tˈoʊld ðˌɛm ʌv ðɛmsˈɛlvz ænd ʌv hɪz dˌɪsɪlˈuːʒənmənt.",
)
_SMOOTH = 16  # cosines that a correction is made of: formants of one sentence are not the person's
_MOST = 1.5  # nat of a band
_MOST_PITCH, _SPREADS = 1.0, (0.8, 1.4)  # natural-log shift, and factors on the spread
_EMPTY = -9.0  # mean log-mel of the last ten bands in voiced frames that says the recording ends below them
_LEAST_VOICED = 40  # frames: below, there is too little to take a mean of
_ROUNDS = 2  # of pairing, each from where the last has led


class Heard(NamedTuple):
    """Recordings of one person: frames, log(f0 / 150) of the voiced ones, and bands that the recordings have (M,)."""

    frames: Frames
    tune: Tensor
    bands: Tensor


class _Said(NamedTuple):
    """The sentences as a voice says them: what the last layer hears (L, D), and what it makes of it (L, M + 2)."""

    x: Tensor
    made: Tensor

    @property
    def voiced(self) -> Tensor:
        """(L,); all frames, where hardly one is."""
        sung: Tensor = self.made[:, MELS + 1] > 0
        return sung if int(sung.sum()) >= _LEAST_VOICED else torch.ones_like(sung)

    @property
    def tune(self) -> Tensor:
        """log(f0 / 150) of the voiced frames."""
        return self.made[self.voiced, MELS]


def preview(base: BaseVoice, clip: NDArray[np.float32]) -> Voice:
    """A voice from one clip of a person, mono (T,) at 24 kHz.

    Raises:
        ValueError: shorter than half a second, or silent.
    """
    tensors = start(base, [clip], adapter.RANK, stage_rank=1)
    return Voice(tensors["voice"].numpy(), Adapter(base.sha256, tensors))


@torch.no_grad()
def start(
    base: BaseVoice, clips: Sequence[NDArray[np.float32]], rank: int, *, stage_rank: int | None = None, seed: int = 0
) -> dict[str, Tensor]:
    """Tensors of an adapter that speaks as high, as bright and with such sounds as clips (T,) of a person, 24 kHz.

    Args:
        rank: of the update of the last layer.
        stage_rank: of the others, which are left to training; `rank`, when it is not given.

    Raises:
        ValueError: a clip is shorter than half a second, or silent.
    """
    tracks = [pitch.track(clip) for clip in clips]
    own = torch.from_numpy(_vector(base, clips, tracks))
    blank = adapter.blank(base.config.acoustic, own, seed, stage_rank or rank)
    tensors = {name: value.detach() for name, value in blank.items()}
    wanted = heard(clips, tracks)
    return tensors if wanted is None else _sounding(base, _tuned(base, tensors, wanted), wanted, rank)


def _vector(base: BaseVoice, clips: Sequence[NDArray[np.float32]], tracks: Sequence[Track]) -> NDArray[np.float32]:
    """The voice of all clips as one: the encoder hears more in a long clip than in the mean of short ones."""
    if len(clips) == 1:
        return base.voice_vector(clips[0], tracks[0])
    whole = np.concatenate([features.levelled(clip) for clip in clips])
    f0, voiced = (np.concatenate(side) for side in zip(*tracks, strict=True))
    return base.voice_vector(whole, (f0, voiced))


@torch.no_grad()
def nearness(base: BaseVoice, tensors: Mapping[str, Tensor], who: Tensor) -> float:
    """How like the person `who` (E,) the sentences sound to the speaker network, in the prosody of the voice itself."""
    mel = contrast.sharpened(_said(base, tensors).made[None, :, :MELS]).to(base.device)
    statistics = base.speaker.statistics(mel, torch.ones(mel.shape[:2], dtype=torch.bool, device=base.device))
    return float(base.speaker.embedding(statistics)[0].cpu() @ who)


@torch.no_grad()
def clearness(base: BaseVoice, tensors: Mapping[str, Tensor]) -> float:
    """How sure the aligner is of the sentences' sounds: the mean log chance of a frame, see `chances`."""
    return float(torch.cat([chances(base, tensors, symbols.ids(said)) for said in _SAID]).mean())


@torch.no_grad()
def in_tune(
    base: BaseVoice, tensors: Mapping[str, Tensor], clips: Sequence[NDArray[np.float32]]
) -> dict[str, Tensor]:
    """Tensors whose pitch moves as far as that of clips (T,) of the person: learning by squares makes it flat."""
    wanted = heard(clips, [pitch.track(clip) for clip in clips])
    return dict(tensors) if wanted is None else _tuned(base, tensors, wanted)


def _tuned(base: BaseVoice, tensors: Mapping[str, Tensor], wanted: Heard) -> dict[str, Tensor]:
    """With a scale and a shift of predicted pitch."""
    found, had = dict(tensors), _said(base, tensors).tune
    scale = float((wanted.tune.std() / had.std().clamp(min=1e-3)).clamp(*_SPREADS))
    shift = float((wanted.tune.mean() - had.mean()).clamp(-_MOST_PITCH, _MOST_PITCH))
    out = base.acoustic.variance.pitch.out
    row, bias = out.weight[0].cpu(), out.bias.cpu()
    found["pitch.row"] = scale * (row + tensors["pitch.row"]) - row
    found["pitch.bias"] = scale * (bias + tensors["pitch.bias"]) - bias + (1 - scale) * float(had.mean()) + shift
    return found


def _sounding(base: BaseVoice, tensors: Mapping[str, Tensor], wanted: Heard, rank: int) -> dict[str, Tensor]:
    """With an update and a bias of the last layer: such sounds, and in the mean as bright and as high."""
    found, said = dict(tensors), _said(base, tensors)
    plain, voiced = said.made[:, :MELS], said.voiced
    speech = pairing.speech(contrast.sharpened(plain))
    usual = said.x[speech].mean(0)
    x, update = said.x - usual, torch.zeros(len(usual), MELS)
    for _ in range(_ROUNDS):
        changed = plain + x @ update
        now = contrast.sharpened(changed + _brightness(changed[voiced], wanted))
        missing = pairing.paired(Frames(now, voiced), wanted.frames, speech) - now[speech]
        update += pairing.ridge(x[speech], (missing - missing.mean(1, keepdim=True)) * wanted.bands)
    down, up = pairing.low_rank(x[speech], update, rank)
    found["out_in"], found["out_out"] = down, torch.nn.functional.pad(up, (0, 2))
    found["bias"] = torch.zeros(MELS + 2)
    found["bias"][:MELS] = _brightness((plain + x @ down @ up)[voiced], wanted) - usual @ down @ up
    found["bias"][MELS] = float((wanted.tune.mean() - said.tune.mean()).clamp(-_MOST_PITCH, _MOST_PITCH))
    return found


def _brightness(mel: Tensor, wanted: Heard) -> Tensor:
    """The bias (M,) that gives voiced frames (L, M) the mean that is wanted once they are sharpened."""
    bias, back = torch.zeros(MELS), torch.linalg.inv(contrast.matrix())
    bands = wanted.frames.mel[wanted.frames.voiced].mean(0)
    for _ in range(3):  # sharpening keeps the loudness of each frame, which is not linear
        missing = _smooth(bands - contrast.sharpened(mel + bias).mean(0), wanted.bands)
        bias = (bias + missing @ back).clamp(-_MOST, _MOST)
    return bias


def _smooth(missing: Tensor, known: Tensor) -> Tensor:
    """The slow part of a curve over bands (M,), without its mean; bands that are not known (M,) keep as they are."""
    level = (missing * known).sum() / known.sum()  # how loud somebody spoke is not who they are
    cosines = _cosines()
    return ((missing - level) * known @ cosines) @ cosines.T


@cache
def _cosines() -> Tensor:
    """The first cosines over bands, orthonormal, (M, _SMOOTH)."""
    places = (torch.arange(MELS) + 0.5) / MELS * torch.pi
    waves = torch.cos(places[:, None] * torch.arange(_SMOOTH))
    return waves / waves.norm(dim=0)


def heard(clips: Sequence[NDArray[np.float32]], tracks: Sequence[Track]) -> Heard | None:
    """Recordings (T,) with their pitch tracks, as they are to be met; None with too little voice in them."""
    mels, sung, tunes = [], [], []
    for clip, (f0, voiced) in zip(clips, tracks, strict=True):
        wave = features.levelled(clip)
        mels.append(features.log_mel(torch.from_numpy(wave)[None])[0, : len(wave) // HOP])
        sung.append(torch.from_numpy(voiced[: len(mels[-1])]) > 0)
        tunes.append(np.log(f0[voiced > 0] / PITCH_UNIT_HZ))
    frames, tune = Frames(torch.cat(mels), torch.cat(sung)), np.concatenate(tunes)
    if len(tune) < _LEAST_VOICED:
        return None
    bands = torch.ones(MELS)
    if frames.mel[frames.voiced, -10:].mean() < _EMPTY:
        bands[features.NARROW_MELS :] = 0.0
    return Heard(frames, torch.from_numpy(tune).float(), bands)


def _said(base: BaseVoice, tensors: Mapping[str, Tensor]) -> _Said:
    """The sentences as the model says them, before sharpening."""
    person = base.person([Voice(tensors["voice"].numpy(), Adapter(base.sha256, tensors))])
    heard, frames = [], []
    for said in _SAID:
        units = base.units(symbols.ids(said))
        mask = torch.ones(units.shape[:2], dtype=torch.bool, device=base.device)
        read = base.acoustic.read(units, mask, person)
        plan = base.acoustic.plan(read, mask, person)
        x = base.acoustic.decoder.inner(base.acoustic.frames(read, plan, int(plan.durations.sum())), person)
        heard.append(x[0].float().cpu())
        frames.append(base.acoustic.decoder.outer(x, person)[0].float().cpu())
    return _Said(torch.cat(heard), torch.cat(frames))
