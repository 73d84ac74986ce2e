"""Copy synthesis: the vocoder fed with what was measured of people it has never heard.

What is lost here no better text model can bring back. Speakers come from the list that every training leaves out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from synthesis.bench.systems import RATE_HZ
from synthesis.tts import features, pitch
from synthesis.tts.voice import BaseVoice

Floats = NDArray[np.float32]


def copied(base: BaseVoice, samples: Floats, rate_hz: int) -> tuple[Floats, Floats]:
    """A recording and its copy through the vocoder, both 16 kHz mono (T,)."""
    wave = features.levelled(np.asarray(soxr.resample(samples, rate_hz, features.RATE_HZ), np.float32))
    wave = wave[: len(wave) // features.HOP * features.HOP]
    mel = features.log_mel(torch.from_numpy(wave)[None])[:, : len(wave) // features.HOP]
    f0, voiced = (torch.from_numpy(track[: mel.shape[1]])[None] for track in pitch.track(wave))
    with torch.no_grad():
        made = base.vocoder(mel, f0, voiced)[0].numpy()
    return tuple(  # type: ignore[return-value]  # two of them
        np.asarray(soxr.resample(sound, features.RATE_HZ, RATE_HZ), np.float32) for sound in (wave, made)
    )


def load(weights: Path) -> BaseVoice | None:
    """The base voice, or None where there are no weights yet."""
    return BaseVoice.load(weights) if (weights / "base.safetensors").exists() else None
