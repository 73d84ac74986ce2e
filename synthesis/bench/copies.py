"""Copy synthesis: the vocoder fed with what was measured of people it has never heard.

What is lost here no better text model can bring back. Speakers come from the list that every training leaves out.

`python -m synthesis.bench.copies IN.wav OUT.wav` copies one recording (the mark is measured through it as well).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray

from synthesis.bench.systems import RATE_HZ
from synthesis.commands import WEIGHTS
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


def main(source: Path, copy: Path) -> int:
    """Copy one file."""
    base = load(WEIGHTS)
    if base is None:
        sys.stderr.write(f"there is no voice in {WEIGHTS}\n")
        return 1
    samples, rate_hz = soundfile.read(source, dtype="float32")
    soundfile.write(copy, copied(base, samples, int(rate_hz))[1], RATE_HZ, subtype="PCM_16")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
