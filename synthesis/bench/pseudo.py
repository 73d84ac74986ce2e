"""People that WORLD makes of people: another throat and another pitch, the same words.

For the bench of minutes, which has one person with native English among those that nobody trained on. They are
reported apart: WORLD leaves its own sound on everything, so likeness to such a person is partly likeness to WORLD.

Shapes: T samples, L frames, F bins.
Source: Morise et al., "WORLD: a vocoder-based high-quality speech synthesis system", 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.clip import Clip
from audio.resample import resample
from synthesis.training.corpora import Recording
from synthesis.tts.features import RATE_HZ


class Throat(NamedTuple):
    """Factors on formants and on pitch."""

    formants: float
    pitch: float


THROATS = {"low": Throat(0.86, 0.62), "high": Throat(1.14, 1.25)}


def recordings_of(name: str, heard: Sequence[Recording], folder: Path) -> list[Recording]:
    """What a person says; of `somebody-low` or `somebody-high`, made in `folder` from what somebody says."""
    own = [one for one in heard if one.speaker == name]
    somebody, _, throat = name.rpartition("-")
    if own or throat not in THROATS:
        return own
    folder.mkdir(parents=True, exist_ok=True)
    return [_moved(one, name, THROATS[throat], folder) for one in heard if one.speaker == somebody]


def _moved(one: Recording, name: str, throat: Throat, folder: Path) -> Recording:
    file = folder / f"{name}-{one.name}.wav"
    if not file.exists():
        samples, rate_hz = soundfile.read(one.path, dtype="float32", always_2d=True)
        soundfile.write(file, moved(resample(Clip(samples.mean(1), int(rate_hz)), RATE_HZ).samples, throat), RATE_HZ)
    return replace(one, speaker=name, path=file)


def moved(samples: NDArray[np.float32], throat: Throat) -> NDArray[np.float32]:
    """Speech (T,) at 24 kHz as if from another throat."""
    import pyworld  # in the extra `train`

    wave = samples.astype(np.float64)
    pitch, times = pyworld.harvest(wave, RATE_HZ)
    envelope = pyworld.cheaptrick(wave, pitch, times, RATE_HZ)
    breath = pyworld.d4c(wave, pitch, times, RATE_HZ)
    made = pyworld.synthesize(
        pitch * throat.pitch, _warped(envelope, throat.formants), _warped(breath, throat.formants), RATE_HZ
    )
    return np.asarray(made / max(1.0, float(np.abs(made).max()) / 0.97), np.float32)


def _warped(spectrum: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Every frame of (L, F) with its formants at `factor` times their frequency."""
    bins = np.arange(spectrum.shape[1])
    rows = [np.interp(bins / factor, bins, frame) for frame in spectrum]
    return np.ascontiguousarray(rows)
