"""The contrast step: flat frames stay flat, peaks grow, nothing becomes louder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from synthesis.tts import contrast, symbols
from synthesis.tts.voice import BaseVoice

WEIGHTS = Path(__file__).parents[3] / "synthesis" / "weights"


@pytest.fixture(scope="module")
def base() -> BaseVoice:
    return BaseVoice.load(WEIGHTS)


def test_a_flat_frame_stays_as_it_is() -> None:
    assert torch.allclose(contrast.sharpened(torch.full((3, 100), -4.0)), torch.full((3, 100), -4.0), atol=1e-4)


@pytest.mark.parametrize("band", [10, 50, 90])
def test_a_peak_stands_out_more_as_its_band_lacks_it(band: int) -> None:
    frame = torch.zeros(1, 100)
    frame[0, band] = 1.0
    sharp = contrast.sharpened(frame)
    amount = contrast.AMOUNTS[contrast.PLACES.index(band)]
    assert float(sharp[0, band] - sharp[0, 30]) == pytest.approx(1 + amount * 20 / 21, abs=0.01)
    assert sharp[0, band - 5] < sharp[0, 30]


def test_every_frame_stays_as_loud_as_it_was() -> None:
    frames = 3 * torch.randn(4, 100, generator=torch.Generator().manual_seed(1)) - 5
    loud = [torch.exp(2 * part).sum(-1).log() for part in (frames, contrast.sharpened(frames))]
    assert torch.allclose(*loud, atol=1e-4)


def test_what_is_said_does_not_clip(base: BaseVoice) -> None:
    ids = symbols.ids("ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi dˈɑːɡ.")
    wave = base.speak(ids, base.voices["kathleen"], seed=1)
    assert -32 < 20 * np.log10(np.sqrt(np.mean(np.square(wave)))) < -20  # it was trained at -26 dBFS
    assert np.abs(wave).max() < 0.7
