"""How a conversion is measured: against recordings whose melody is known."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from synthesis.bench import conversions
from synthesis.bench.systems import Prompt
from synthesis.neural import NeuralEngine
from synthesis.tts.config import SIZES
from synthesis.tts.voice import BaseVoice

SECONDS, RATE_HZ = 1.5, 24_000


def glide(file: Path, *turns_hz: float) -> Path:
    """A buzz whose pitch moves between `turns_hz` in even times."""
    times = np.arange(int(SECONDS * RATE_HZ)) / RATE_HZ
    pitch = np.interp(times, np.linspace(0, SECONDS, len(turns_hz)), turns_hz)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    soundfile.write(file, 0.1 * sum(np.sin(part * phase) / part for part in range(1, 9)), RATE_HZ)
    return file


@pytest.mark.parametrize(("turns_hz", "least", "most"), [((150, 225, 150), 0.97, 1.0), ((225, 150, 225), -1.0, -0.9)])
def test_melody_is_of_the_turns_and_not_of_the_register(tmp_path: Path, turns_hz, least: float, most: float) -> None:
    prompt = Prompt("p", "So it is.", glide(tmp_path / "said.wav", 100, 150, 100))
    found = conversions.melody([prompt], [glide(tmp_path / "made.wav", *turns_hz)])
    assert least <= found <= most


def test_a_melody_of_several_is_not_made_by_one_that_lies_higher(tmp_path: Path) -> None:
    prompts = [Prompt(str(hz), "So it is.", glide(tmp_path / f"{hz}.wav", hz, 1.3 * hz, hz)) for hz in (100, 200)]
    against = [glide(tmp_path / f"{hz}-made.wav", 1.3 * hz, hz, 1.3 * hz) for hz in (100, 200)]
    assert conversions.melody(prompts, against) < -0.9


def test_what_is_converted_is_as_long_as_the_recording(tmp_path: Path) -> None:
    made = NeuralEngine(BaseVoice.blank(SIZES["T"]))
    voice = made.voice_vector(np.random.default_rng(0).normal(0, 0.1, 2 * RATE_HZ).astype(np.float32), RATE_HZ)
    prompt = Prompt("p", "So it is.", glide(tmp_path / "said.wav", 100, 150, 100))
    sound, rate_hz = conversions.converter("anybody", made, voice).say(prompt)
    assert len(sound) / rate_hz == pytest.approx(SECONDS, abs=0.05)
