"""People that WORLD makes of people. WORLD itself comes with the extra `train`, which the tests do without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from synthesis.bench import pseudo
from synthesis.training.corpora import Recording


@pytest.mark.parametrize("throat", pseudo.THROATS.values())
def test_formants_move_by_their_factor(throat: pseudo.Throat) -> None:
    bins = np.arange(513)
    envelope = np.exp(-((bins - 150) ** 2) / 200)[None].repeat(3, 0)
    assert np.abs(pseudo._warped(envelope, throat.formants).argmax(1) - 150 * throat.formants).max() <= 1


def test_somebody_else_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pseudo, "moved", lambda samples, throat: samples * np.float32(throat.pitch))
    soundfile.write(tmp_path / "one.wav", np.full(24_000, 0.5, np.float32), 24_000)
    heard = [Recording("set", "one", "lj", "A vowel.", None, "unseen", tmp_path / "one.wav")]
    assert pseudo.recordings_of("lj", heard, tmp_path / "made") == heard
    assert pseudo.recordings_of("so1-low", heard, tmp_path / "made") == []
    (made,) = pseudo.recordings_of("lj-low", heard, tmp_path / "made")
    assert (made.speaker, made.text) == ("lj-low", "A vowel.")
    assert soundfile.read(made.path)[0][0] == pytest.approx(0.5 * pseudo.THROATS["low"].pitch, abs=1e-3)
