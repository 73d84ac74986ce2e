"""A clip says what it is, and refuses what is none."""

import numpy as np
import pytest

from audio.clip import Clip


def test_one_channel_has_a_row_of_samples() -> None:
    clip = Clip.of([0.0, 0.5, -0.5, 0.25], 8)
    assert (clip.frames, clip.channels, clip.length_s) == (4, 1, 0.5)
    assert clip.mono() is clip


def test_channels_are_rows_and_mono_is_their_mean() -> None:
    clip = Clip.of([[1.0, 0.0], [0.0, 1.0]], 8)
    assert (clip.frames, clip.channels) == (2, 2)
    assert clip.mono().samples.tolist() == [0.5, 0.5]


def test_a_cut_stays_inside_the_clip() -> None:
    clip = Clip.of(np.arange(10), 10)
    assert clip.cut(0.2, 0.5).samples.tolist() == [2, 3, 4]
    assert clip.cut(-1.0).frames == 10
    assert clip.cut(0.8, 9.0).samples.tolist() == [8, 9]
    assert clip.cut(0.8, 0.2).frames == 0


@pytest.mark.parametrize(
    ("samples", "rate_hz"),
    [
        (np.zeros(3, np.float64), 8000),
        (np.zeros((1, 1, 3), np.float32), 8000),
        (np.zeros(3, np.float32), 0),
    ],
)
def test_what_is_no_clip_is_refused(samples: np.ndarray, rate_hz: int) -> None:
    with pytest.raises(ValueError):
        Clip(samples, rate_hz)
