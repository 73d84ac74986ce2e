"""The voice in 8 bits: near the float one, the same every time, and no frame changed by its company."""

import numpy as np
import pytest
import torch

from synthesis.tts import features, symbols
from synthesis.tts.config import SIZES
from synthesis.tts.narrow import NarrowLinear, narrowed
from synthesis.tts.voice import BaseVoice

IDS = symbols.ids("həlˈoʊ wˈɜːld, ðɪs ɪz ɐ tˈɛst.")


@pytest.fixture(scope="module")
def base() -> BaseVoice:
    torch.manual_seed(3)
    made = BaseVoice.blank(SIZES["T"])
    made.acoustic.variance.duration.out.bias.fill_(1.6)
    return made


def vector() -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, 128).astype(np.float32)


def test_a_layer_is_near_its_float_twin() -> None:
    torch.manual_seed(0)
    linear = torch.nn.Linear(64, 96).requires_grad_(False)
    x = torch.randn(2, 50, 64)
    far = NarrowLinear(linear)(x) - linear(x)
    assert far.shape == (2, 50, 96)
    assert float(far.abs().mean() / linear(x).abs().mean()) < 0.02


def test_no_row_is_changed_by_its_company() -> None:
    torch.manual_seed(0)
    narrow, x = NarrowLinear(torch.nn.Linear(64, 96)), torch.randn(1, 80, 64)
    x[0, 60] *= 1000  # one scale for all would drown the others
    assert torch.equal(narrow(x)[:, 20:50], narrow(x[:, 20:50]))


def test_silence_stays_the_bias() -> None:
    narrow = NarrowLinear(torch.nn.Linear(8, 4))
    assert torch.equal(narrow(torch.zeros(1, 20, 8))[0, 3], narrow.bias)


def test_the_narrow_voice_says_the_same_and_leaves_its_base_alone(base: BaseVoice) -> None:
    before = base.speak(IDS, vector(), seed=7)
    quick = narrowed(base)
    one, two = (quick.speak(IDS, vector(), seed=7) for _ in range(2))
    assert np.array_equal(one, two)
    assert len(one) == len(before)  # durations are read in float
    assert not np.array_equal(one, before)
    far = features.log_mel(torch.from_numpy(np.stack([one, before])))
    assert float((far[0] - far[1]).abs().mean()) < 0.3  # the phase drifts with the last digits of pitch, the sound not
    assert np.array_equal(base.speak(IDS, vector(), seed=7), before)
    assert quick.sha256 == base.sha256


def test_pieces_of_it_equal_the_whole_but_for_roundings(base: BaseVoice) -> None:
    quick = narrowed(base)
    whole = quick.speak(IDS, vector(), seed=7)
    joined = np.concatenate(list(quick.stream(IDS, vector(), seed=7)))
    assert np.abs(whole - joined).max() <= 5e-3 * np.abs(whole).max()


def test_it_is_for_a_processor_only(base: BaseVoice) -> None:
    with pytest.raises(ValueError, match="GPU"):
        narrowed(BaseVoice(**{**vars(base), "device": "cuda"}))
