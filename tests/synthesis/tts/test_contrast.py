"""The contrast step: flat frames stay flat, peaks grow, the step is local in time."""

import torch

from synthesis.tts import contrast


def test_a_flat_frame_stays_as_it_is() -> None:
    assert torch.allclose(contrast.sharpened(torch.full((3, 100), -4.0)), torch.full((3, 100), -4.0), atol=1e-4)


def test_a_peak_stands_out_more() -> None:
    frame = torch.zeros(1, 100)
    frame[0, 40] = 1.0
    sharp = contrast.sharpened(frame)
    assert sharp[0, 40] > 1.5
    assert sharp[0, 35] < 0
    assert sharp[0, 70] == 0


def test_the_mean_of_the_middle_bands_is_kept() -> None:
    frame = torch.zeros(1, 100)
    frame[0, 30:70] = torch.randn(40)
    assert torch.allclose(contrast.sharpened(frame).sum(), frame.sum(), atol=1e-3)
