"""The network behind the filter: its arithmetic, its file, and that it hears more than the filter alone."""

from pathlib import Path

import numpy as np
import pytest

from watermark.codec import network
from watermark.codec.evidence import Evidence, evidence_of, judged
from watermark.codec.frames import power
from watermark.codec.keys import MarkKey
from watermark.codec.network import FILE, PLANES, SPANS, Weights, WeightsChanged, listened, released
from watermark.codec.pattern import BANDS, Pattern, place_of
from watermark.codec.payload import word_of


def plain(planes: np.ndarray, base: np.ndarray, weights: Weights) -> np.ndarray:
    """The same network tap by tap, as slowly as it is written down."""
    length, hidden = len(base), planes.astype(np.float64)
    for (distance, taps), kernel, offset in zip(SPANS, weights.kernels, weights.offsets, strict=True):
        reach = distance * (taps // 2)
        padded = np.pad(hidden, ((0, 0), (reach, reach), (1, 1)))
        made = np.zeros((len(kernel), length, BANDS)) + offset[:, None, None]
        for tap in range(taps):
            for side in range(3):
                seen = padded[:, tap * distance : tap * distance + length, side : side + BANDS]
                made += np.einsum("oi,ilb->olb", kernel[:, :, tap, side], seen)
        hidden = np.maximum(made, 0)
    scale, correction = np.einsum("oi,ilb->olb", weights.last, hidden) + weights.last_offset[:, None, None]
    return np.tanh(0.5 * (base * np.exp(scale) + correction))


@pytest.mark.parametrize("length", [1, 7, 40, 103])
def test_it_is_the_network_that_is_written_down(length: int) -> None:
    rng = np.random.default_rng(length)
    planes = rng.standard_normal((PLANES, length, BANDS)).astype(np.float32)
    assert np.abs(listened(planes, planes[0], released()) - plain(planes, planes[0], released())).max() < 1e-5


@pytest.mark.parametrize("place", [200, -200])
def test_a_changed_file_is_refused(tmp_path: Path, place: int) -> None:
    data = bytearray(FILE.read_bytes())
    data[place] ^= 1
    (tmp_path / FILE.name).write_bytes(data)
    with pytest.raises(WeightsChanged):
        released(tmp_path / FILE.name)


def test_silence_and_nothing_at_all_say_nothing_strange() -> None:
    for samples in (np.zeros(16_000, np.float32), np.zeros(1, np.float32)):
        values = judged(power(samples, 16_000)).values
        assert np.isfinite(values).all()
        assert np.abs(values).max() <= 1.0


def agreement(evidence: Evidence, marked, key: MarkKey, record: int) -> float:
    """T of all narrow symbols at their true place."""
    values = evidence.at(0.0, int(evidence.length_s / 0.02))[:, :22]
    chips = Pattern(key).chips(place_of(marked.salt, marked.start), len(values))
    return float((values * chips.carrying(word_of(key, record))[:, :22]).sum() / np.sqrt((values**2).sum()))


@pytest.mark.parametrize("name", ["woman", "man"])
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
def test_it_hears_more_than_the_filter(marked, key: MarkKey, record: int, name: str, noise: float) -> None:
    """A front end that went deaf would leave every p-value true: only this notices."""
    made = marked(name)
    level = noise * float(np.sqrt((made.samples**2).mean()))
    heard = made.samples + level * np.random.default_rng(4).standard_normal(len(made.samples)).astype(np.float32)
    spectrum = power(heard, made.rate_hz)
    filtered, network_ = (agreement(one(spectrum), made, key, record) for one in (evidence_of, judged))
    assert network_ > (1.1 if noise else 1.0) * filtered


def test_it_hears_the_sound_alone(marked) -> None:
    """Keys come later: the same sound gives the same evidence, and nothing in the module knows what a key is."""
    spectrum = power(marked("man").samples, marked("man").rate_hz)
    assert np.array_equal(judged(spectrum).values, judged(spectrum).values)
    assert not {"keys", "MarkKey", "Pattern", "chips"} & set(vars(network))
