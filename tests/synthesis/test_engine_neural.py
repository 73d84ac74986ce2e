"""The seam around the voice model, with weights nobody has trained: what is asked, in which order, what comes back."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from synthesis import engine as seam
from synthesis.engine import Floats, Take, load_engine
from synthesis.neural import NeuralEngine
from synthesis.tts import adapter, learner
from synthesis.tts.config import AcousticConfig, AlignerConfig, BaseConfig, SpeakerConfig, VocoderConfig
from synthesis.tts.voice import BaseVoice

SMALL = BaseConfig(
    vocoder=VocoderConfig(width=16, blocks=1),
    speaker=SpeakerConfig(width=16, blocks=1),
    acoustic=AcousticConfig(
        width=32, heads=2, encoder_blocks=1, encoder_inner=32, decoder_blocks=1, predictor_width=16
    ),
    aligner=AlignerConfig(width=16, space=8),
)
MARKED_UP = "<speak>Hello there<break time='300ms'/> old friend. <prosody rate='slow'>How are you?</prosody></speak>"


@pytest.fixture(scope="module")
def engine() -> NeuralEngine:
    torch.manual_seed(0)
    base = BaseVoice.blank(SMALL)
    base.voices["somebody"] = np.zeros(SMALL.acoustic.voice, np.float32)
    return NeuralEngine(base)


def flat(first_frame: int, frames: int) -> Floats:
    return np.ones((frames, seam.BINS), np.float32)


def test_the_whole_is_what_the_chunks_say(engine: NeuralEngine) -> None:
    said, voice = engine.prepare(MARKED_UP, ssml=True), engine.base_voice()
    whole = engine.render(said, voice, gain=flat, seed=5)
    chunks = np.concatenate(list(engine.stream(said, voice, gain=flat, seed=5)))
    assert len(whole) == len(chunks)
    assert np.abs(whole - chunks).max() < 1e-5


def test_in_eight_bits_it_says_the_same_words_and_learns_in_float(engine: NeuralEngine) -> None:
    quick, said = NeuralEngine(engine.base, is_narrow=True), engine.prepare("Hello there, old friend.")
    whole, float_one = (made.render(said, made.base_voice(), gain=flat, seed=5) for made in (quick, engine))
    assert len(whole) == len(float_one)
    assert not np.array_equal(whole, float_one)
    chunks = np.concatenate(list(quick.stream(said, quick.base_voice(), gain=flat, seed=5)))
    assert len(chunks) == len(whole)
    assert quick.base is engine.base
    assert quick.base_sha256 == engine.base_sha256


def test_the_mark_runs_on_through_sentences_and_pauses(engine: NeuralEngine) -> None:
    asked: list[tuple[int, int]] = []

    def gain(first_frame: int, frames: int) -> Floats:
        asked.append((first_frame, frames))
        return flat(first_frame, frames)

    sound = engine.render(engine.prepare(MARKED_UP, ssml=True), engine.base_voice(), gain=gain)
    pause = round(0.3 * 24_000 / 256)
    assert len(asked) == 3
    assert asked[1][0] == asked[0][1] + pause
    assert asked[2][0] == sum(asked[1])
    assert sum(asked[2]) * seam.HOP == len(sound)


def test_what_the_gain_takes_away_is_gone(engine: NeuralEngine) -> None:
    said = engine.prepare("Hello.")
    sound = engine.render(said, engine.base_voice(), gain=lambda first, frames: 0 * flat(first, frames))
    assert not sound.any()


def test_the_same_call_gives_the_same_bits(engine: NeuralEngine) -> None:
    said = engine.prepare("Hello there.")
    first, again = (engine.render(said, engine.base_voice(), gain=flat, seed=9) for _ in range(2))
    assert np.array_equal(first, again)


def test_controls_beyond_the_model_are_held_not_refused(engine: NeuralEngine) -> None:
    shouted = "<speak><prosody rate='x-fast' pitch='x-high' volume='silent'>Hello</prosody></speak>"
    said = engine.prepare(shouted, ssml=True)
    assert len(engine.render(said, engine.base_voice(), gain=flat, rate=2.0, pitch=2.0, energy=0.0)) > 0


def test_an_adapter_goes_out_and_comes_back(engine: NeuralEngine) -> None:
    tensors = adapter.blank(SMALL.acoustic, torch.full((SMALL.acoustic.voice,), 0.5), seed=1)
    stored = adapter.Adapter(engine.base_sha256, {name: value.detach() for name, value in tensors.items()}).to_bytes()
    voice = engine.load_voice(stored)
    said = engine.prepare("Hello there.")
    assert voice.kind == "adapted"
    assert len(engine.render(said, voice, gain=flat)) > 0


@pytest.fixture
def takes() -> list[Take]:
    rng = np.random.default_rng(1)
    tone = np.sin(2 * np.pi * 150 * np.arange(36_000) / 24_000)
    return [Take((0.1 * tone + 0.01 * rng.standard_normal(36_000)).astype(np.float32), 24_000, "hello there")] * 2


def test_what_no_training_has_told_is_nothing_to_go_on_from(engine: NeuralEngine, takes: list[Take]) -> None:
    with pytest.raises(seam.VoiceFileDamaged):
        engine.adapt(takes, begun=b"half of something else")


def test_what_is_told_on_the_way_is_a_voice_and_a_place_to_go_on_from(
    engine: NeuralEngine, takes: list[Take], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "CHECK_EVERY", 2)
    monkeypatch.setattr(engine.school, "adapt", partial(engine.school.adapt, steps=5))
    told: list[seam.Interim] = []
    whole = engine.adapt(takes, interim=told.append)
    assert engine.load_voice(told[0].stored).kind == "adapted"
    assert engine.adapt(takes, begun=told[-1].state) == whole


def test_a_stop_keeps_nothing(engine: NeuralEngine, takes: list[Take]) -> None:
    asked = iter([False] * 3 + [True] * 1000)
    with pytest.raises(seam.AdaptationStopped):
        engine.adapt([*takes, Take(takes[0].samples, 24_000, "...")], should_stop=lambda: next(asked))


def test_a_voice_of_another_base_is_refused(engine: NeuralEngine) -> None:
    torch.manual_seed(1)
    other = BaseVoice.blank(SMALL, digest="f" * 64)
    other.voices["somebody"] = np.zeros(SMALL.acoustic.voice, np.float32)
    with pytest.raises(seam.VoiceOfAnotherBase):
        engine.render(engine.prepare("Hello."), NeuralEngine(other).base_voice(), gain=flat)


def test_bytes_that_are_no_voice_are_refused(engine: NeuralEngine) -> None:
    for damaged in (b"", b"{}", b"\x10" * 100):
        with pytest.raises(seam.VoiceFileDamaged):
            engine.load_voice(damaged)


def test_silence_is_no_speech(engine: NeuralEngine) -> None:
    for call in (engine.voice_vector, engine.embedding):
        with pytest.raises(seam.TooLittleSpeech):
            call(np.zeros(48_000, np.float32), 24_000)


def test_a_folder_without_weights_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(seam.WeightsMissing):
        load_engine("neural", tmp_path)
