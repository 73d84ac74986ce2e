"""Fit an adapter to one person's takes, in minutes; the base is read and never written.

For enrolment. It decides nothing about consent or about whether the takes are good enough, and
keeps none of them. Early stopping looks at takes that are not trained on.

Shapes: L frames, N units, M mel bands, B takes in a batch.
Source: Chen et al., "AdaSpeech", 2021; low-rank updates after Hu et al., "LoRA", 2021.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from synthesis.tts import adapter, aligner, features, pitch, symbols
from synthesis.tts.acoustic import ENERGY_STEP, ENERGY_ZERO, PITCH_UNIT_HZ, Prosody
from synthesis.tts.adapter import Adapter
from synthesis.tts.features import HOP, MELS
from synthesis.tts.voice import BaseVoice

STEPS, CHECK_EVERY, PATIENCE = 400, 25, 4
BATCH_FRAMES = 2400  # 26 s of speech a step
RATE = 2e-3
HELD_SHARE = 10  # one take in this many decides when to stop
SHORT_S = 180.0  # below this much speech the rank is halved
_NARROW_BANDS = 81  # bands below 7.6 kHz
_QUIET = -9.5  # mean log-mel above them that says a recording ends there


@dataclass(frozen=True)
class Take:
    """One utterance of the person: mono float32 (T,) at 24 kHz, and the phoneme ids of its text."""

    samples: NDArray[np.float32]
    ids: Sequence[int]


@dataclass(frozen=True)
class _Heard:
    """A take as the model sees it: units (N, 3), durations, pitch, energy (N,), mel (L, M), f0, voiced (L,)."""

    units: Tensor
    durations: Tensor
    pitch: Tensor
    energy: Tensor
    mel: Tensor
    f0: Tensor
    voiced: Tensor
    bands: Tensor


class TooLittle(ValueError):
    """Not one take is long enough, or none fits its text."""


def align(base: BaseVoice, take: Take) -> tuple[NDArray[np.int64], float]:
    """Frames per unit of a take, and the aligner's score of them (see `aligner.score`).

    Raises:
        ValueError: more sounds than frames.
    """
    mel, units = _mel(take), base.units(take.ids)
    with torch.no_grad():
        chance = base.aligner(units, mel[None].to(base.device), units[..., 0] > 0)[0].cpu().numpy()
    counts = aligner.durations(chance)
    return counts, aligner.score(chance, counts)


def adapt(
    base: BaseVoice, takes: Sequence[Take], *, seed: int,
    progress: Callable[[float, str], None], should_stop: Callable[[], bool], steps: int = STEPS,
) -> Adapter:
    """Train an adapter.

    Args:
        takes: half a minute of speech or more in all; levels may differ.
        seed: decides the order of takes and the first values; equal seeds give equal adapters.
        progress: told a share from 0 to 1 and a line for people.
        should_stop: asked before every step; True ends training with the best so far.

    Raises:
        TooLittle: nothing to learn from.
    """
    heard = _usable(base, takes, progress)
    train, held = _parted(heard, seed)
    own = torch.from_numpy(np.mean([base.voice_vector(take.samples) for take in _longest(takes)], 0))
    frames = sum(len(part.mel) for part in train)
    rank = adapter.RANK // 2 if frames * HOP < SHORT_S * base.rate_hz else adapter.RANK
    config = base.config.acoustic
    tensors = adapter.blank(config, own, seed, rank)
    optimiser = torch.optim.AdamW(tensors.values(), RATE, (0.9, 0.98), weight_decay=0.02)
    dice = np.random.default_rng([seed, 3])
    best, best_loss, waited = _copy(tensors), float("inf"), 0
    for step in range(steps):
        if should_stop():
            break
        if step % CHECK_EVERY == 0:
            now = _held_loss(base, tensors, held)
            best, best_loss, waited = (_copy(tensors), now, 0) if now < best_loss else (best, best_loss, waited + 1)
            progress(0.05 + 0.95 * step / steps, f"step {step} of {steps}, held-out distance {now:.3f}")
            if waited >= PATIENCE:
                break
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / steps)
        optimiser.zero_grad()
        loss = _loss(base, tensors, _batch(train, dice))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tensors.values(), 1.0)
        optimiser.step()
    if _held_loss(base, tensors, held) < best_loss:
        best = _copy(tensors)
    progress(1.0, "done")
    return Adapter(base.sha256, {name: value.half().float() for name, value in best.items()})


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in tensors.items()}


def _longest(takes: Sequence[Take], most: int = 12) -> list[Take]:
    return sorted(takes, key=lambda take: -len(take.samples))[:most]


def _parted(heard: list[_Heard], seed: int) -> tuple[list[_Heard], list[_Heard]]:
    order = np.random.default_rng([seed, 1]).permutation(len(heard))
    count = max(1, len(heard) // HELD_SHARE)
    if len(heard) == 1:
        return heard, heard
    return [heard[i] for i in order[count:]], [heard[i] for i in order[:count]]


def _usable(base: BaseVoice, takes: Sequence[Take], progress: Callable[[float, str], None]) -> list[_Heard]:
    found = []
    for number, take in enumerate(takes):
        progress(0.05 * number / len(takes), f"listening to take {number + 1} of {len(takes)}")
        try:
            found.append(_hear(base, take))
        except ValueError:
            continue  # more sounds than frames, or nothing said: the text is not of this take
    if not found:
        raise TooLittle("no take holds speech that fits its text")
    return found


def _mel(take: Take) -> Tensor:
    wave = features.levelled(take.samples)
    return features.log_mel(torch.from_numpy(wave)[None])[0, : len(wave) // HOP]


def _hear(base: BaseVoice, take: Take) -> _Heard:
    counts, _ = align(base, take)
    mel = _mel(take)
    f0, voiced = (track[: len(mel)] for track in pitch.track(take.samples))
    log_f0 = np.log(f0 / PITCH_UNIT_HZ).astype(np.float32)
    loud = ((features.energy(mel).numpy() - ENERGY_ZERO) / ENERGY_STEP).astype(np.float32)
    bands = torch.ones(MELS)
    if float(mel[:, _NARROW_BANDS:].amax(0).mean()) < _QUIET:
        bands[_NARROW_BANDS:] = 0.0
    return _Heard(
        torch.tensor(symbols.units(take.ids)), torch.from_numpy(counts),
        torch.from_numpy(aligner.unit_means(log_f0, voiced + 0.02, counts)),
        torch.from_numpy(aligner.unit_means(loud, np.ones(len(loud), np.float32), counts)),
        mel, torch.from_numpy(log_f0), torch.from_numpy(voiced), bands,
    )


def _batch(takes: list[_Heard], dice: np.random.Generator) -> list[_Heard]:
    chosen: list[_Heard] = []
    while sum(len(take.mel) for take in chosen) < BATCH_FRAMES:
        chosen.append(takes[int(dice.integers(len(takes)))])
    return chosen


def _loss(base: BaseVoice, tensors: dict[str, Tensor], takes: list[_Heard]) -> Tensor:
    """Frame and prosody losses of takes as one padded batch."""
    side = torch.nn.utils.rnn.pad_sequence
    units = side([take.units for take in takes], batch_first=True)
    durations, high, loud = (
        side([getattr(take, name) for take in takes], batch_first=True) for name in ("durations", "pitch", "energy")
    )
    mel, f0, voiced = (
        side([getattr(take, name) for take in takes], batch_first=True) for name in ("mel", "f0", "voiced")
    )
    mask = units[..., 0] > 0
    heard = torch.arange(mel.shape[1])[None] < torch.tensor([len(take.mel) for take in takes])[:, None]
    person = adapter.person(base.config.acoustic, [tensors["voice"]] * len(takes), [tensors] * len(takes))
    with torch.autocast("cpu", torch.bfloat16):
        made, said = base.acoustic(units, mask, person, Prosody(durations, high, loud), mel.shape[1])
    keep = heard.unsqueeze(-1) * torch.stack([take.bands for take in takes])[:, None]
    far = ((made[..., :MELS] - mel).abs() * keep).sum() / keep.sum()
    sung = voiced * heard
    tune = ((made[..., MELS] - f0).abs() * sung).sum() / sung.sum().clamp(min=1)
    breath = functional.binary_cross_entropy_with_logits(made[..., MELS + 1], voiced, reduction="none")
    aims = (torch.log1p(durations.float()), high, loud)
    prosody = [
        ((guess.float() - aim).square() * mask).sum() / mask.sum() for guess, aim in zip(said, aims, strict=True)
    ]
    return far + tune + 0.2 * (breath * heard).sum() / heard.sum() + 0.3 * torch.stack(prosody).sum()


@torch.no_grad()
def _held_loss(base: BaseVoice, tensors: dict[str, Tensor], held: list[_Heard]) -> float:
    return float(np.mean([float(_loss(base, tensors, held[at : at + 6])) for at in range(0, len(held), 6)]))
