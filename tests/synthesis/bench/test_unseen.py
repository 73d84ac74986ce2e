"""What is kept apart is heard by nobody, and an adapter is kept under what made it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from synthesis.bench import unseen
from synthesis.training.corpora import Recording


@pytest.fixture
def own(tmp_path: Path) -> list[Recording]:
    """Thirty recordings of five seconds."""
    made = []
    for number in range(30):
        path = tmp_path / f"{number:02d}.wav"
        soundfile.write(path, np.full(5 * 8000, number / 100, np.float32), 8000)
        made.append(Recording("set", f"one-{number:02d}", "one", f"Text {number}.", "en", "unseen", path))
    return made


def test_what_is_kept_apart_is_in_no_take(own):
    held, rest = unseen.parted(own)
    assert unseen.minutes_of(held) * 60 >= unseen.HELD_S
    assert sorted(one.name for one in [*held, *rest]) == [one.name for one in own]
    texts = {take.text for take in unseen.takes_of(rest, 100)}
    assert texts.isdisjoint(one.text for one in held)


def test_takes_are_as_many_as_the_minutes_need(own):
    assert len(unseen.takes_of(own, 0.5)) == 6
    assert len(unseen.takes_of(own, 100)) == 30


def test_other_training_is_another_adapter(tmp_path, monkeypatch):
    """The digest is of the files themselves, wherever they lie."""
    before = unseen.training_digest()
    tts = tmp_path / "tts"
    tts.mkdir()
    for name in unseen._TRAINING:
        (tts / f"{name}.py").write_bytes((Path(unseen.__file__).parents[1] / "tts" / f"{name}.py").read_bytes())
    monkeypatch.setattr(unseen, "__file__", str(tmp_path / "bench" / "unseen.py"))
    unseen.training_digest.cache_clear()
    assert unseen.training_digest() == before
    with (tts / "adapt.py").open("a") as file:
        file.write("# another\n")
    unseen.training_digest.cache_clear()
    assert unseen.training_digest() != before
    unseen.training_digest.cache_clear()
