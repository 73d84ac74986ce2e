"""The sweep over all places: its plain twin, what it keeps in memory, and what its refinements may reach."""

from itertools import pairwise

import numpy as np
import pytest

from watermark.codec import spectra
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import NARROW, STRETCH, Pattern
from watermark.codec.plan import FINE_PITCH, FINE_TEMPO, families
from watermark.codec.sweep import Sweep

SHORT = [MarkKey(bytes([seed]) * 32, stretches=1) for seed in range(3)]


def plain(key: MarkKey, window: np.ndarray) -> np.ndarray:
    """Every place one by one: (places,) in units of chance."""
    pilots = Pattern(key).pilots(0, STRETCH + len(window))[:, :NARROW].astype(np.float32)
    every = np.lib.stride_tricks.sliding_window_view(pilots, window.shape)[:STRETCH, 0]
    return np.tensordot(every, window, 2) / np.sqrt(12 / 22 * (window**2).sum())


@pytest.mark.parametrize("sequences", [1, 2, 3, 16])
def test_a_sweep_finds_what_trying_every_place_finds(sequences: int) -> None:
    rng = np.random.default_rng(sequences)
    windows = rng.standard_normal((sequences, 60, NARROW)).astype(np.float32)
    hits = Sweep(sequences).over(SHORT[:1], windows, 3.5)
    for number, window in enumerate(windows):
        scores = plain(SHORT[0], window)
        found = {hit.place: hit.score for hit in hits if hit.sequence == number}
        best = {int(run.argmax()) + first: run.max() for first in range(0, STRETCH, spectra.STEP)
                if (run := scores[first : first + spectra.STEP]).max() > 3.55}  # fmt: skip
        assert best.keys() <= found.keys()
        for place, score in found.items():
            assert score == pytest.approx(scores[place], abs=0.05)


def test_a_sweep_may_be_used_again_and_tells_keys_apart() -> None:
    window = Pattern(SHORT[1]).pilots(8100, 200)[None, :, :NARROW].astype(np.float32)
    sweep = Sweep(2)
    sweep.over(SHORT, np.repeat(window, 2, axis=0), 4.5)
    [hit] = sweep.over(SHORT, window, 10.0)
    assert (hit.key, hit.place, hit.sequence) == (SHORT[1], 8100, 0)


def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    one = spectra.spectra_of(SHORT[0]).nbytes
    monkeypatch.setattr(spectra, "KEPT_BYTES", 2 * one)
    kept = spectra._Kept()
    first = kept.of(SHORT[0])
    kept.of(SHORT[1])
    assert kept.of(SHORT[0]) is first
    kept.of(SHORT[2])  # number 1 was asked for longest ago
    assert kept.of(SHORT[0]) is first
    assert len(kept._by_key) == 2
    assert [len(some) for some in spectra.handfuls(SHORT)] == [2, 1]


def test_a_family_pays_for_every_scale_that_its_refinement_can_reach() -> None:
    for family in families("full"):
        reached = {
            (round(tempo / FINE_TEMPO), round(pitch / FINE_PITCH))
            for step in family.steps
            for tempo in family.tempos(step.tempo)
            for pitch in family.pitches(step.pitch)
        }
        assert family.fine >= len(reached), family.name
    assert sum(family.share for family in families("full")) == pytest.approx(1.0)


def test_neighbouring_steps_leave_no_gap() -> None:
    tempos = sorted({tempo for step in families("full")[4].steps for tempo in families("full")[4].tempos(step.tempo)})
    assert np.diff(tempos).max() < 1.01 * FINE_TEMPO
    pitches = sorted({pitch for step in families("full")[4].steps for pitch in families("full")[4].pitches(step.pitch)})
    assert max(b - a for a, b in pairwise(pitches) if not a <= 1.0 <= b) < 1.01 * FINE_PITCH
