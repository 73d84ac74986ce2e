"""The bench's own arithmetic, against hand-made cases and naive twins."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from synthesis.bench import losses, report, systems
from synthesis.bench.kept import Kept, digest
from synthesis.bench.listener import errors, interval, rate, ratio_interval, words, write_closed_model
from synthesis.bench.peers import Peer
from synthesis.bench.run import Spoken
from synthesis.bench.systems import Prompt, levelled
from synthesis.tts.config import SIZES
from synthesis.tts.voice import BaseVoice

PROMPTS = [["the", "cat", "sat"], ["the", "dog", "sat"], ["a", "cat"]]


@pytest.mark.parametrize(
    ("said", "heard", "count"),
    [("a b c", "a b c", 0), ("a b c", "a c", 1), ("a b", "a x b", 1), ("a b", "b a", 2), ("a", "", 1), ("", "a b", 2)],
)
def test_word_errors(said: str, heard: str, count: int) -> None:
    assert errors(said.split(), heard.split()) == count


@given(st.lists(st.sampled_from("abc"), max_size=6), st.lists(st.sampled_from("abc"), max_size=6))
def test_word_errors_are_a_distance(left: list[str], right: list[str]) -> None:
    assert errors(left, right) == errors(right, left)
    assert (errors(left, right) == 0) == (left == right)
    assert abs(len(left) - len(right)) <= errors(left, right) <= max(len(left), len(right))


def test_prompts_become_the_words_that_are_read_out() -> None:
    assert words("Dr. Smith paid $5.") == ["doctor", "smith", "paid", "five", "dollars"]


def test_the_closed_model_is_a_probability_after_every_word(tmp_path: Path) -> None:
    write_closed_model(PROMPTS, tmp_path / "closed.arpa")
    ones, back, twos = _read_arpa(tmp_path / "closed.arpa")
    vocabulary = [word for word in ones if word != "<s>"]
    assert sum(ones[word] for word in vocabulary) == pytest.approx(1, abs=1e-3)
    for before in ("<s>", "the", "cat", "a"):
        total = sum(twos.get((before, word), back[before] * ones[word]) for word in vocabulary)
        assert total == pytest.approx(1, abs=2e-3)


def _read_arpa(file: Path) -> tuple[dict[str, float], dict[str, float], dict[tuple[str, str], float]]:
    ones, back, twos = {}, {}, {}
    for line in file.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if len(fields) == 3 and _is_number(fields[2]):
            ones[fields[1]], back[fields[1]] = 10 ** float(fields[0]), 10 ** float(fields[2])
        elif len(fields) == 3 and _is_number(fields[0]):
            twos[fields[1], fields[2]] = 10 ** float(fields[0])
    return ones, back, twos


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_a_ratio_of_equals_is_one_and_its_interval_holds_it() -> None:
    counted = [(n % 3, 8) for n in range(100)]
    whole, low, high = ratio_interval(counted, counted[::-1])
    assert whole == pytest.approx(1)
    assert low < 1 < high
    assert ratio_interval([(2 * wrong, n) for wrong, n in counted], counted)[1] == pytest.approx(2)


def test_an_interval_holds_its_rate_and_is_narrow_where_all_prompts_are_alike() -> None:
    assert interval([(1, 10)] * 50) == (0.1, 0.1)
    counted = [(n % 4, 10) for n in range(100)]
    low, high = interval(counted)
    assert low < rate(counted) < high


def test_parts_of_a_recording_made_again_are_as_long_as_it(tmp_path: Path) -> None:
    file, seconds = tmp_path / "said.wav", 1.5
    tone = 0.1 * np.sin(np.arange(int(24_000 * seconds)) * 2 * np.pi * 150 / 24_000)
    soundfile.write(file, tone, 24_000)
    base = BaseVoice.blank(SIZES["T"])
    base.voices["her"] = np.zeros(base.config.acoustic.voice, np.float32)
    for system in losses.parts(base, "her"):
        sound, rate_hz = system.say(Prompt("p", "So it is.", file))
        assert len(sound) / rate_hz == pytest.approx(seconds, abs=0.02)
        assert np.isfinite(sound).all()


def test_a_peer_that_cannot_speak_says_so() -> None:
    peer = Peer(Path(sys.executable), "hibari")  # not in this environment
    with pytest.raises(RuntimeError, match="hibari has ended"):
        peer.say(Prompt("p", "Hello.", Path()))
    peer.close()
    assert peer.cost == {}


def test_sounds_are_brought_to_one_level() -> None:
    tone = 0.01 * np.sin(np.arange(48_000) * 0.1, dtype=np.float32)
    for scale in (1.0, 30.0):
        sound = levelled(np.concatenate([np.zeros(9_600, np.float32), scale * tone]), 48_000)
        power = np.square(sound[4_000:]).mean()
        assert 10 * np.log10(power) == pytest.approx(systems.LEVEL_DB, abs=0.3)
    assert not levelled(np.zeros(4_800, np.float32), 48_000).any()


def test_numbers_are_kept_between_runs(tmp_path: Path) -> None:
    Kept(tmp_path / "kept.json").put({"a": 1})
    Kept(tmp_path / "kept.json").put({"b": [2]})
    again = Kept(tmp_path / "kept.json")
    assert (again.get("a"), again.get("b"), again.get("c")) == (1, [2], None)


def test_another_sound_has_another_digest(tmp_path: Path) -> None:
    for name, value in (("a", 0.1), ("b", 0.2), ("c", 0.1)):
        soundfile.write(tmp_path / f"{name}.wav", np.full(100, value), 16_000)
    assert digest(tmp_path / "a.wav") == digest(tmp_path / "c.wav") != digest(tmp_path / "b.wav")


@pytest.fixture
def spoken(tmp_path: Path) -> list[Spoken]:
    rng = np.random.default_rng(0)
    made = []
    for name, kind, wrong in (("recording", "ceiling", 1), ("consonant", "ours", 2), ("espeak-ng", "floor", 5)):
        files = [tmp_path / f"{name}-{number}.wav" for number in range(3)]
        for file in files:
            soundfile.write(file, 0.1 * rng.standard_normal(8_000), 16_000)
        scores = {"ovrl": 3.0, "sig": 3.1, "bak": 3.2, "p808": 3.3}
        counted = [(wrong, 10)] * 3
        made.append(Spoken(name, kind, files, counted, list(counted), scores, [scores] * 3, 0.5))
    return made


def test_a_report_holds_every_system_and_a_blind_sheet(tmp_path: Path, spoken: list[Spoken]) -> None:
    prompts = [Prompt(f"p{number}", f"Text <{number}>", Path()) for number in range(3)]
    copies = {"x": {"pesq": 2.0, "stoi": 0.9, "mcd": 5.0, "similarity": 0.8}}
    text = report.write(tmp_path, spoken, prompts, copies, {}, ["| another table |"], ["a note"])
    assert "| another table |" in text
    assert "| consonant | 0.200 (0.200-0.200) | 0.200 (0.200-0.200) | 2.00 (2.00-2.00) | 2.00 (2.00-2.00) |" in text
    assert "| consonant | 3.00 ± 0.00 | 3.10 ± 0.00 | 3.20 ± 0.00 | 3.30 ± 0.00 | 0.500 | nan | nan |" in text
    assert "| median of 1 | 2.000 | 0.900 | 5.000 | 0.800 |" in text
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["prompts"] == ["p0", "p1", "p2"]
    page = (tmp_path / "listening.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 6
    assert "Text &lt;0&gt;" in page
    assert (tmp_path / "spectrograms.png").stat().st_size > 1000
