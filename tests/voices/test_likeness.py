"""The share of a take that is the speaker's, by a comparison that is handed in."""

import numpy as np
import pytest

from audio.clip import Clip
from voices.likeness import WINDOW_S, own_share, windows

RATE_HZ = 100
REFERENCE = Clip.of(np.ones(500), RATE_HZ)


def spoken(*parts: tuple[float, float]) -> Clip:
    """Stretches of (voice, seconds); the voice is the samples' value."""
    return Clip.of(np.concatenate([np.full(round(s * RATE_HZ), voice) for voice, s in parts]), RATE_HZ)


def same(a: Clip, b: Clip) -> bool | None:
    """One voice is 1.0, another 2.0; 0.0 is a mumble that nobody can place."""
    voice = float(np.median(a.samples))
    return None if voice == 0.0 else voice == float(np.median(b.samples))


def test_a_short_take_is_one_window() -> None:
    clip = spoken((1.0, 7.9))
    assert [window.frames for window in windows(clip)] == [clip.frames]


@pytest.mark.parametrize("length_s", [8.0, 31.0, 600.0])
def test_windows_reach_from_end_to_end(length_s: float) -> None:
    pieces = list(windows(Clip.of(np.arange(length_s * RATE_HZ), RATE_HZ)))
    assert {piece.length_s for piece in pieces} == {WINDOW_S}
    assert pieces[0].samples[0] == 0
    assert pieces[-1].samples[-1] == length_s * RATE_HZ - 1
    assert len(pieces) <= 24


@pytest.mark.parametrize(
    ("clip", "share"),
    [
        (spoken((1.0, 40.0)), 1.0),
        (spoken((2.0, 40.0)), 0.0),
        (spoken((2.0, 3.0)), 0.0),
        (spoken((1.0, 20.0), (2.0, 20.0)), 0.5),
        (spoken((0.0, 40.0)), 1.0),
    ],
)
def test_the_share_is_what_was_spoken_by_the_person(clip: Clip, share: float) -> None:
    assert own_share(clip, REFERENCE, same) == pytest.approx(share, abs=0.1)
