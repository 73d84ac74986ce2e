"""The humming voice keeps every promise of the engine protocol, in milliseconds."""

import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from problems.errors import DomainError
from synthesis import engine as seam
from synthesis.engine import Floats, Take, load_engine
from synthesis.humming import HummingEngine
from watermark.codec.detect import detect
from watermark.codec.field import gain_field
from watermark.codec.keys import MarkKey

ENGINE = HummingEngine()
SCRIPT = "Hello world, this is a sentence that carries the mark. And another one follows it, quite soon."


def flat(first_frame: int, frames: int) -> Floats:
    return np.ones((frames, seam.BINS), np.float32)


def person(f0_hz: float, tilt: float, seconds: float = 4.0, seed: int = 0) -> Floats:
    """Somebody's speech, as far as this engine can tell: pulses through a spectrum with a tilt."""
    rng = np.random.default_rng(seed)
    rate, count = 24_000, round(24_000 * seconds)
    f0 = f0_hz * (1 + 0.1 * np.sin(np.arange(count) / 9000))
    pulses = np.diff(np.floor(np.cumsum(f0) / rate), prepend=0.0)
    spectrum = np.fft.rfft(pulses + 0.002 * rng.standard_normal(count))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(count, 1 / rate), 100) / 100)
    shaped = np.fft.irfft(spectrum * 10 ** (-(tilt * octaves) / 20), count)
    return np.asarray(0.1 * shaped / np.abs(shaped).max(), np.float32)


def takes(f0_hz: float, tilt: float) -> Sequence[Take]:
    return [Take(person(f0_hz, tilt, seed=seed), 24_000, "anything") for seed in range(3)]


def test_it_is_an_engine() -> None:
    engine: seam.Engine = load_engine("humming", Path())
    assert (engine.name, engine.rate_hz) == ("humming", 24_000)


def test_an_unknown_engine_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="no engine"):
        load_engine("singing", Path())


def test_the_same_call_gives_the_same_bits_and_another_seed_does_not() -> None:
    said, voice = ENGINE.prepare(SCRIPT), ENGINE.base_voice()
    first, again, other = (ENGINE.render(said, voice, gain=flat, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert len(first) != len(other) or not np.array_equal(first, other)


def test_chunks_joined_are_the_whole() -> None:
    said, voice = ENGINE.prepare(SCRIPT), ENGINE.base_voice()
    chunks = list(ENGINE.stream(said, voice, gain=flat, seed=3))
    assert len(chunks) > 5
    assert np.array_equal(np.concatenate(chunks), ENGINE.render(said, voice, gain=flat, seed=3))


def test_sound_is_float32_in_range_and_whole_frames_long() -> None:
    sound = ENGINE.render(ENGINE.prepare(SCRIPT), ENGINE.base_voice(), gain=flat)
    assert sound.dtype == np.float32
    assert len(sound) % seam.HOP == 0
    assert 0.02 < np.sqrt((sound**2).mean()) < np.abs(sound).max() <= 1.0


def test_the_gain_field_is_asked_for_every_frame_once_and_in_order() -> None:
    asked: list[tuple[int, int]] = []

    def gain(first_frame: int, frames: int) -> Floats:
        asked.append((first_frame, frames))
        return flat(first_frame, frames)

    sound = ENGINE.render(ENGINE.prepare(SCRIPT), ENGINE.base_voice(), gain=gain)
    ends = [first + frames for first, frames in asked]
    assert [first for first, _ in asked] == [0, *ends[:-1]]
    assert ends[-1] * seam.HOP == len(sound)


def test_what_the_gain_takes_away_is_gone() -> None:
    sound = ENGINE.render(
        ENGINE.prepare(SCRIPT), ENGINE.base_voice(), gain=lambda first, frames: 0 * flat(first, frames)
    )
    assert not sound.any()


def test_the_mark_is_found_and_names_its_record() -> None:
    key, record = MarkKey(secrets.token_bytes(32)), secrets.randbits(48)
    gain = gain_field(key, record, 7, 4000, rate_hz=ENGINE.rate_hz)
    sound = ENGINE.render(ENGINE.prepare(SCRIPT), ENGINE.base_voice(), gain=gain)
    found = detect(sound, ENGINE.rate_hz, [key], search="none")
    assert (found.verdict, found.record) == ("ours", record)


@pytest.mark.parametrize(("control", "value"), [("rate", 2.0), ("rate", 0.5)])
def test_rate_changes_the_length(control: str, value: float) -> None:
    said, voice = ENGINE.prepare(SCRIPT), ENGINE.base_voice()
    plain, changed = ENGINE.render(said, voice, gain=flat), ENGINE.render(said, voice, gain=flat, rate=value)
    assert len(plain) / len(changed) == pytest.approx(value, rel=0.15)


def test_pitch_and_energy_do_what_they_say() -> None:
    said, voice = ENGINE.prepare(SCRIPT), ENGINE.base_voice()
    plain = ENGINE.render(said, voice, gain=flat)
    louder = ENGINE.render(said, voice, gain=flat, energy=2.0)
    assert np.abs(louder).max() == pytest.approx(2 * np.abs(plain).max(), rel=1e-4)
    higher = ENGINE.voice_vector(ENGINE.render(said, voice, gain=flat, pitch=1.5), 24_000)
    assert higher.traits.f0_hz > 1.3 * ENGINE.voice_vector(plain, 24_000).traits.f0_hz


def test_markup_is_heard() -> None:
    plain = ENGINE.prepare("<speak>one two</speak>", ssml=True)
    slow = ENGINE.prepare("<speak><prosody rate='50%'>one two</prosody><break time='1s'/></speak>", ssml=True)
    lengths = [len(ENGINE.render(said, ENGINE.base_voice(), gain=flat)) for said in (plain, slow)]
    assert lengths[1] > 1.5 * lengths[0] + 0.9 * ENGINE.rate_hz


def test_a_fine_tuned_voice_is_its_owner_and_nobody_else() -> None:
    low, high = takes(105, 4.0), takes(220, 11.0)
    voice = ENGINE.load_voice(ENGINE.adapt(low, seed=1))
    hummed = ENGINE.embedding(ENGINE.render(ENGINE.prepare(SCRIPT), voice, gain=flat), ENGINE.rate_hz)
    own, other = (ENGINE.embedding(each[0].samples, 24_000) for each in (low, high))
    assert float(hummed @ own) > ENGINE.same_speaker_at > float(hummed @ other)


def test_a_preview_takes_one_clip() -> None:
    voice = ENGINE.voice_vector(person(180, 8.0), 24_000)
    assert voice.kind == "preview"
    assert len(ENGINE.render(ENGINE.prepare("Hello."), voice, gain=flat)) > 0


def test_an_embedding_is_a_unit_vector() -> None:
    assert np.linalg.norm(ENGINE.embedding(person(180, 8.0), 24_000)) == pytest.approx(1.0, abs=1e-5)


def test_progress_reaches_the_end() -> None:
    told: list[float] = []
    ENGINE.adapt(takes(120, 6.0), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_stop_keeps_nothing() -> None:
    with pytest.raises(seam.AdaptationStopped):
        ENGINE.adapt(takes(120, 6.0), should_stop=lambda: True)


@pytest.mark.parametrize("sound", [np.zeros(24_000, np.float32), np.zeros(10, np.float32)])
def test_silence_is_no_speech(sound: Floats) -> None:
    for call in (ENGINE.voice_vector, ENGINE.embedding):
        with pytest.raises(seam.TooLittleSpeech):
            call(sound, 24_000)
    with pytest.raises(seam.TooLittleSpeech):
        ENGINE.adapt([Take(sound, 24_000)])


def test_damaged_and_foreign_voice_files_are_refused() -> None:
    stored = ENGINE.adapt(takes(120, 6.0))
    for damaged in (b"", b"{}", stored[:-5], stored.replace(b'"f0_hz": ', b'"f0_hz": 9'), b"\x80" + stored):
        with pytest.raises(seam.VoiceFileDamaged):
            ENGINE.load_voice(damaged)
    with pytest.raises(seam.VoiceOfAnotherBase):
        ENGINE.load_voice(stored.replace(ENGINE.base_sha256.encode(), b"0" * 64))


def test_another_engines_voice_is_refused() -> None:
    class Foreign:
        base_sha256 = "0" * 64
        kind = "adapted"

    with pytest.raises(DomainError):
        ENGINE.render(ENGINE.prepare("Hello."), Foreign(), gain=flat)
