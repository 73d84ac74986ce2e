"""The pitch track on sounds whose pitch is known."""

import numpy as np
import pytest

from synthesis.tts import pitch


def harmonic(f0: np.ndarray) -> np.ndarray:
    """A voice-like sound with the pitch f0 (T,) in Hz."""
    turns = np.cumsum(f0) / 24_000
    return sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 12)).astype(np.float32) * np.float32(0.1)


@pytest.mark.parametrize("hz", [75.0, 110.0, 220.0, 400.0])
def test_track_finds_a_steady_pitch(hz: float) -> None:
    f0, voiced = pitch.track(harmonic(np.full(24_000, hz)))
    assert voiced[4:-4].all()
    assert np.abs(f0[4:-4] / hz - 1).max() < 0.01


def test_track_follows_a_glide_without_octave_jumps() -> None:
    wanted = np.linspace(100, 250, 36_000)
    f0, _ = pitch.track(harmonic(wanted))
    assert np.abs(np.log2(f0[4:-4] / wanted[:: 256][4 : len(f0) - 4])).max() < 0.05


def test_track_hears_no_voice_in_noise_and_silence() -> None:
    noise = np.random.default_rng(1).standard_normal(24_000).astype(np.float32) * 0.1
    assert pitch.track(noise)[1].mean() < 0.05
    f0, voiced = pitch.track(np.zeros(12_000, np.float32))
    assert not voiced.any()
    assert (f0 == 150).all()


def test_bridge_is_straight_in_log_pitch() -> None:
    bridged = pitch.bridge(np.array([0.0, 100.0, 0.0, 400.0, 0.0]))
    assert np.allclose(bridged, [100, 100, 200, 400, 400])
