"""A recording said again: as long as it, as high as the voice, and none of its sound in it."""

from itertools import repeat

import numpy as np
import pytest
import torch

from synthesis.tts import convert, symbols
from synthesis.tts.config import SIZES
from synthesis.tts.features import HOP
from synthesis.tts.voice import BaseVoice, Voice

IDS = symbols.ids("həlˈoʊ wˈɜːld.")


@pytest.fixture(scope="module")
def base() -> BaseVoice:
    torch.manual_seed(3)
    return BaseVoice.blank(SIZES["T"])


def recording(f0_hz: float, seed: int = 0) -> np.ndarray:
    turns = np.cumsum(np.linspace(0.9, 1.1, 36_000) * f0_hz) / 24_000
    hum = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 9))
    return (hum * 0.05 + np.random.default_rng(seed).normal(0, 0.003, 36_000)).astype(np.float32)


def said(base: BaseVoice, samples: np.ndarray, sizes: int = 1 << 30) -> np.ndarray:
    begun = convert.begin(base, IDS, Voice(np.zeros(128, np.float32)), samples, seed=1)
    return np.concatenate(list(convert.speech(base, begun, None, repeat(sizes))))


def test_it_lasts_as_long_as_the_recording_and_comes_in_pieces(base: BaseVoice) -> None:
    whole = said(base, recording(120))
    assert abs(len(whole) - 36_000) < 2 * HOP
    assert np.allclose(whole, said(base, recording(120), 20), atol=1e-4)


def test_the_melody_is_the_speakers_and_the_register_the_voices(base: BaseVoice) -> None:
    """Two people who say the same an octave apart are said again alike."""
    tunes = [convert.begin(base, IDS, Voice(np.zeros(128, np.float32)), recording(f0), seed=1).tune
             for f0 in (100, 200)]  # fmt: skip
    low, high = (tune.numpy() for tune in tunes if tune is not None)
    assert abs(float(low.mean() - high.mean())) < 0.45  # 0.69 apart before; an untrained aligner weighs units unlike
    assert float(np.corrcoef(low, high)[0, 1]) > 0.9
    assert low[-20:].mean() > low[:20].mean() + 0.1  # it rises, as the recording does


def test_more_sounds_than_there_is_time_for_are_refused(base: BaseVoice) -> None:
    with pytest.raises(ValueError, match="cannot lie"):
        convert.begin(base, symbols.ids("ðɪs ɪz ə vˈɛɹi lˈɔŋ sˈɛntəns " * 9), Voice(np.zeros(128, np.float32)),
                      recording(120)[:14_000], seed=1)  # fmt: skip
