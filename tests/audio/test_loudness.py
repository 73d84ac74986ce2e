"""Loudness against the standard's own test signals (ITU-R BS.1770-4; EBU Tech 3341, cases 1 to 5)."""

import numpy as np
import pytest

from audio.clip import Clip
from audio.loudness import SILENCE_DB, level_db, loudness_lufs, peak_db, to_loudness


def stereo(*parts: tuple[float, float], rate_hz: int = 48000) -> Clip:
    """A 1 kHz tone in both channels: (peak level in dB, seconds) one after the other."""
    sound = np.concatenate(
        [10 ** (level / 20) * np.sin(2 * np.pi * 1000 * np.arange(round(s * rate_hz)) / rate_hz) for level, s in parts]
    )
    return Clip.of(np.stack([sound, sound]), rate_hz)


def test_a_full_scale_tone_on_one_channel_is_minus_3_01() -> None:
    tone = Clip.of(np.sin(2 * np.pi * 997 * np.arange(48000 * 5) / 48000), 48000)
    assert loudness_lufs(tone) == pytest.approx(-3.01, abs=0.005)
    assert level_db(tone) == pytest.approx(-3.01, abs=0.005)
    assert peak_db(tone) == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23.0, 20.0)], -23.0),
        ([(-33.0, 20.0)], -33.0),
        ([(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        ([(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
        ([(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ],
)
def test_ebu_3341(parts: list[tuple[float, float]], expected: float) -> None:
    assert loudness_lufs(stereo(*parts)) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 44100])
def test_other_rates_agree(rate_hz: int) -> None:
    assert loudness_lufs(stereo((-23.0, 5.0), rate_hz=rate_hz)) == pytest.approx(-23.0, abs=0.1)


def test_silence_is_silence_and_stays_so() -> None:
    silence = Clip.of(np.zeros(48000), 48000)
    assert loudness_lufs(silence) == level_db(silence) == peak_db(silence) == SILENCE_DB
    assert to_loudness(silence, -20.0) is silence


def test_bringing_to_a_loudness_stops_below_the_ceiling() -> None:
    quiet = stereo((-40.0, 2.0))
    assert loudness_lufs(to_loudness(quiet, -23.0)) == pytest.approx(-23.0, abs=0.05)
    assert peak_db(to_loudness(quiet, 0.0)) == pytest.approx(-1.0, abs=0.01)
