"""A rate change keeps what fits under the new Nyquist frequency, in place, and nothing else."""

import numpy as np
import pytest

from audio.clip import Clip
from audio.resample import resample


def tone(frequency_hz: float, rate_hz: int, length_s: float = 1.0) -> Clip:
    time = np.arange(round(rate_hz * length_s)) / rate_hz
    return Clip.of(0.5 * np.sin(2 * np.pi * frequency_hz * time), rate_hz)


@pytest.mark.parametrize(("source", "target"), [(44100, 24000), (8000, 24000), (48000, 8000), (16000, 24000)])
def test_a_tone_arrives_where_it_was(source: int, target: int) -> None:
    out = resample(tone(997, source), target)
    expected = tone(997, target)
    assert abs(out.frames - expected.frames) <= 1
    middle = slice(target // 10, target * 9 // 10)  # the edges ring
    assert np.abs(out.samples[middle] - expected.samples[middle]).max() < 1e-3


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    assert np.abs(resample(tone(6000, 24000), 8000).samples[800:-800]).max() < 1e-4


def test_channels_stay_apart() -> None:
    stereo = Clip(np.stack([tone(500, 16000).samples, np.zeros(16000, np.float32)]), 16000)
    out = resample(stereo, 24000)
    assert out.samples.shape == (2, 24000)
    assert np.abs(out.samples[1]).max() == 0


def test_the_same_rate_is_the_same_clip() -> None:
    clip = tone(500, 16000)
    assert resample(clip, 16000) is clip
