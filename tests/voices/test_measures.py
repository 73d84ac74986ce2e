"""What is measured is what was put in: noise at a known level, cut tops, a telephone's band, silence."""

import numpy as np
import pytest

from audio.clip import Clip
from audio.g711 import mulaw_decode, mulaw_encode
from audio.resample import resample
from audio.wav import to_pcm16
from tests.hostile import voice_like
from voices.measures import RATE_HZ, Measures, measure, trim


def noise(count: int, seed: int = 5) -> np.ndarray:
    """White noise of level one; from a seed, because the order of the tests is random."""
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


def take(length_s: float = 4.0) -> Clip:
    """Voiced stretches with pauses between, hiss up to the top now and then, and a quiet room."""
    sound = voice_like(length_s, RATE_HZ)[:, 0]
    hiss = noise(sound.size, 1) * 0.05
    hiss[np.arange(sound.size) % RATE_HZ > RATE_HZ // 8] = 0
    return Clip(sound + hiss + noise(sound.size) * 0.0005, RATE_HZ)


def with_noise(clip: Clip, snr_db: float) -> Measures:
    level_db = measure(clip).level_db - snr_db
    return measure(Clip(clip.samples + noise(clip.frames) * np.float32(10 ** (level_db / 20)), RATE_HZ))


@pytest.mark.parametrize("snr_db", [12.0, 18.0, 24.0])
def test_noise_is_found_at_its_level(snr_db: float) -> None:
    assert with_noise(take(), snr_db).snr_db == pytest.approx(snr_db, abs=2.5)


def test_a_clean_take_is_clean() -> None:
    measures = measure(take())
    assert measures.snr_db > 30
    assert measures.clipped_ratio == 0
    assert measures.bandwidth_hz > 10_000
    assert 1.0 < measures.speech_s < 4.0
    assert set(measures.as_dict()) == set(Measures.__dataclass_fields__)


@pytest.mark.parametrize("share", [0.5, 0.3, 0.15])
@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_cut_tops_are_found_wherever_a_later_gain_has_moved_them(share: float, gain: float) -> None:
    clip = take()
    top = share * np.abs(clip.samples).max()
    cut = np.clip(clip.samples, -top, top) * np.float32(gain)
    assert measure(Clip(cut, RATE_HZ)).clipped_ratio > 0.0002


def test_a_telephone_is_heard_as_one() -> None:
    narrow = resample(take(), 8000)
    coded = mulaw_decode(mulaw_encode(to_pcm16(narrow.samples))).astype(np.float32) / 32768
    assert 3000 < measure(resample(Clip(coded, 8000), RATE_HZ)).bandwidth_hz < 4500


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.05])
def test_silence_and_even_noise_hold_no_speech(level: float) -> None:
    even = Clip(noise(3 * RATE_HZ) * np.float32(level), RATE_HZ)
    measures = measure(even)
    assert (measures.speech_s, measures.snr_db) == (0.0, 0.0)
    assert trim(even) is even


def test_a_click_is_no_speech() -> None:
    clicks = np.zeros(3 * RATE_HZ, np.float32)
    clicks[::RATE_HZ] = 0.9
    assert measure(Clip(clicks, RATE_HZ)).lead_s == 0.0
    assert trim(Clip(clicks, RATE_HZ)).frames == clicks.size


def test_silence_around_the_words_is_measured_and_cut_to_three_tenths() -> None:
    words = take(2.0).samples[: round(0.75 * RATE_HZ)]
    quiet = noise(2 * RATE_HZ) * np.float32(0.0005)
    measures = measure(Clip(np.concatenate([quiet, words, quiet, quiet]), RATE_HZ))
    assert measures.lead_s == pytest.approx(2.0, abs=0.1)
    assert measures.tail_s == pytest.approx(4.0, abs=0.5)
    assert trim(Clip(np.concatenate([quiet, words, quiet]), RATE_HZ)).length_s == pytest.approx(1.2, abs=0.35)


@pytest.mark.parametrize(
    "clip", [Clip.of(np.zeros(16_000), 16_000), Clip.of(np.zeros((2, 24_000)), RATE_HZ), Clip.of(np.zeros(10), RATE_HZ)]
)
def test_anything_but_a_mono_take_at_our_rate_is_a_mistake_in_the_code(clip: Clip) -> None:
    with pytest.raises(ValueError):
        measure(clip)
