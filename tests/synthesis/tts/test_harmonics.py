"""Predicted frames get the harmonics of their pitch, and nothing else of them changes."""

import numpy as np
import torch

from synthesis.tts import contrast, features, harmonics, source


def hum(f0_hz: float, frames: int = 40) -> torch.Tensor:
    """Log-mel of a pulse train, (L, M), from the sound of it."""
    turns = np.arange(frames * features.HOP) * f0_hz / features.RATE_HZ
    wave = sum(np.cos(2 * np.pi * k * turns) for k in range(1, int(11_000 / f0_hz))) * 0.02
    return features.log_mel(torch.from_numpy(wave.astype(np.float32))[None])[0, 5:-5]


def test_the_pattern_is_that_of_a_real_pulse_train() -> None:
    for f0_hz in (90.0, 130.0, 210.0):
        real = hum(f0_hz).mean(0)
        fast = (real - harmonics.slow(real))[2:40]
        made = harmonics.pattern(torch.tensor([f0_hz]))[0, 2:40]
        assert float(np.corrcoef(fast, made)[0, 1]) > 0.8


def test_smooth_frames_get_it_in_their_voiced_part_alone() -> None:
    smooth = harmonics.slow(torch.randn(6, 100, generator=torch.Generator().manual_seed(1)) * 0.5 - 4)
    f0, voiced = torch.full((6,), 120.0), torch.tensor([0.0, 0.0, 1.0, 1.0, 0.5, 0.0])
    made = harmonics.restored(smooth, f0, voiced)
    assert torch.allclose(made[voiced == 0], smooth[voiced == 0], atol=1e-5)
    assert (made[2] - smooth[2]).abs().max() > 0.3
    assert torch.allclose(contrast.loudness(made), contrast.loudness(smooth), atol=1e-5)


def test_what_was_there_of_harmonics_at_another_pitch_is_gone() -> None:
    wrong = torch.full((1, 100), -4.0) + harmonics.pattern(torch.tensor([100.0]))
    made = harmonics.restored(wrong, torch.tensor([133.0]), torch.ones(1))
    fast = (made - harmonics.slow(made))[0, 2:40]
    right, left = (harmonics.pattern(torch.tensor([f0]))[0, 2:40] for f0 in (133.0, 100.0))
    assert float(np.corrcoef(fast, right)[0, 1]) > 0.95
    assert float(np.corrcoef(fast, left)[0, 1]) < 0.5


def test_pitches_beyond_the_table_take_its_edge() -> None:
    edge = harmonics.pattern(torch.tensor([harmonics.LOWEST_HZ, harmonics.HIGHEST_HZ]))
    beyond = harmonics.pattern(torch.tensor([20.0, 2000.0]))
    assert torch.allclose(edge, beyond, atol=1e-3)
    assert source.PAD == 2  # the table is made of frames with so much around them
