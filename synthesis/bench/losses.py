"""Where quality is lost: the held-out recordings with only some of their parts made by the model.

Three stand beside the whole voice in the table. What "vocoder alone" loses no better acoustic model brings back; what
"and mel made" loses beyond it, the frames do; what is lost beyond "and pitch made", predicted durations and accents.

Shapes: L frames, N units, M mel bands, T samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
import torch
from torch import Tensor

from synthesis.bench.systems import Floats, Prompt, System
from synthesis.tts import alignment, contrast, features, pitch, symbols, takes, text
from synthesis.tts.acoustic import ENERGY_STEP, ENERGY_ZERO, PITCH_UNIT_HZ, Prosody
from synthesis.tts.features import HOP, MELS
from synthesis.tts.stream import HIGHEST_HZ, LOWEST_HZ
from synthesis.tts.voice import BaseVoice


@dataclass(frozen=True)
class Heard:
    """A recording at 24 kHz, (T,), and its frames: mel (L, M), f0 and voiced (L,)."""

    wave: Floats
    mel: Tensor
    f0: Tensor
    voiced: Tensor


def parts(base: BaseVoice, speaker: str) -> list[System]:
    """The ways to make a recording again with less and less of it, the best first."""
    return [
        System("vocoder alone", lambda prompt: (_copied(base, prompt), features.RATE_HZ), "part"),
        System("and mel made", lambda prompt: (_made(base, speaker, prompt, tune=False), features.RATE_HZ), "part"),
        System("and pitch made", lambda prompt: (_made(base, speaker, prompt, tune=True), features.RATE_HZ), "part"),
    ]


def heard(prompt: Prompt) -> Heard:
    """The recording as a training measures it."""
    samples, rate_hz = soundfile.read(prompt.recording, dtype="float32", always_2d=True)
    wave = features.levelled(np.asarray(soxr.resample(samples.mean(1), rate_hz, features.RATE_HZ), np.float32))
    wave = wave[: len(wave) // HOP * HOP]
    mel = features.log_mel(torch.from_numpy(wave)[None])[0, : len(wave) // HOP]
    f0, voiced = (torch.from_numpy(track[: len(mel)]) for track in pitch.track(wave))
    return Heard(wave, mel, f0, voiced)


@torch.no_grad()
def _copied(base: BaseVoice, prompt: Prompt) -> Floats:
    own = heard(prompt)
    return np.asarray(base.vocoder(own.mel[None], own.f0[None], own.voiced[None])[0].numpy(), np.float32)


@torch.no_grad()
def _made(base: BaseVoice, speaker: str, prompt: Prompt, *, tune: bool) -> Floats:
    """Frames of the model under the recording's durations, pitch and energy; `tune`: its pitch and voicing too."""
    own, ids = heard(prompt), symbols.ids(text.phonemes(prompt.text))
    counts, _ = takes.align(base, takes.Take(own.wave, ids))
    log_f0 = np.log(own.f0.numpy() / PITCH_UNIT_HZ).astype(np.float32)
    loud = ((features.energy(own.mel).numpy() - ENERGY_ZERO) / ENERGY_STEP).astype(np.float32)
    prosody = Prosody(
        torch.from_numpy(counts)[None],
        torch.from_numpy(alignment.unit_means(log_f0, own.voiced.numpy() + np.float32(0.02), counts))[None],
        torch.from_numpy(alignment.unit_means(loud, np.ones(len(loud), np.float32), counts))[None],
    )
    units, who = base.units(ids), base.person([base.voices[speaker]])
    read = base.acoustic.read(units, torch.ones(units.shape[:2], dtype=torch.bool), who)
    made = base.acoustic.decoder(base.acoustic.frames(read, prosody, len(own.mel)), who)
    f0 = (PITCH_UNIT_HZ * torch.exp(made[..., MELS])).clamp(LOWEST_HZ, HIGHEST_HZ) if tune else own.f0[None]
    voiced = torch.sigmoid(made[..., MELS + 1]) if tune else own.voiced[None]
    return np.asarray(base.vocoder(contrast.sharpened(made[..., :MELS]), f0, voiced)[0].numpy(), np.float32)
