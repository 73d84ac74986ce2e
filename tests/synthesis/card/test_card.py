"""The quality card: its measures on made sounds, its bars, and what it keeps back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synthesis.card import bars, draw, shape, words
from synthesis.card.measure import Card, measure, parted
from synthesis.engine import BINS, Take
from synthesis.hearing import Traits
from synthesis.humming import HummingEngine

TRAITS = Traits(150.0, 0.1, tuple([0.0] * 40))
GOOD = Card(
    minutes=5.0, takes=50, takes_apart=5, similarity=0.85, own_similarity=0.9, same_speaker_at=0.72, margin=0.3,
    distortion_db=5.0, word_errors=0.05, base_word_errors=0.04, owner=TRAITS, voice=TRAITS,
)  # fmt: skip


def tone(f0_hz: float, rate_hz: int = 16_000, length_s: float = 1.0) -> np.ndarray:
    time = np.arange(round(length_s * rate_hz)) / rate_hz
    harmonics = sum(np.sin(2 * np.pi * f0_hz * n * time) / n for n in range(1, 20))
    return (0.2 * harmonics * (1 + 0.5 * np.sin(2 * np.pi * 3 * time))).astype(np.float32)


def test_a_good_voice_is_ready() -> None:
    assert (GOOD.verdict, bars.shortcomings(GOOD)) == ("ready", ())


@pytest.mark.parametrize(
    ("worse", "said"),
    [
        ({"similarity": 0.5}, "similarity"),
        ({"margin": -0.1}, "another voice"),
        ({"word_errors": 0.4}, "misheard"),
        ({"voice": None}, "voiced"),
        ({"voice": replace(TRAITS, f0_hz=250.0)}, "pitch"),
        ({"distortion_db": 20.0}, "distortion"),
    ],
)
def test_each_bar_keeps_a_voice_back(worse: dict, said: str) -> None:
    card = replace(GOOD, **worse)
    assert card.verdict == "draft"
    assert [said in one for one in card.shortcomings] == [True]


def test_what_was_not_measured_is_not_held_against_a_voice() -> None:
    assert replace(GOOD, margin=None, word_errors=None, base_word_errors=None, distortion_db=None).verdict == "ready"


def test_distortion_is_none_for_the_same_sound_and_grows_with_the_difference() -> None:
    same = shape.distortion_db([(tone(120), tone(120))], (16_000, 16_000))
    slower = shape.distortion_db([(tone(120), tone(120, length_s=1.2))], (16_000, 16_000))
    noise = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    other = shape.distortion_db([(tone(120), 0.1 * noise)], (16_000, 16_000))
    assert same == pytest.approx(0.0, abs=1e-6)
    assert slower is not None
    assert other is not None
    assert slower < other
    assert shape.distortion_db([(tone(120), np.zeros(100, np.float32))], (16_000, 16_000)) is None


def test_nobody_understands_silence_and_the_count_is_of_words() -> None:
    assert words.word_errors(lambda text: (np.zeros(24_000, np.float32), 24_000)) >= 0.9


def takes(count: int, pitch: float = 1.0) -> list[Take]:
    engine = HummingEngine()
    said = [f"Number {index} waits for you at the counter on the left." for index in range(count)]
    return [
        Take(engine.render(engine.prepare(text), engine.base_voice(), gain=flat, seed=index, pitch=pitch), 24_000, text)
        for index, text in enumerate(said)
    ]


def flat(first: int, frames: int) -> np.ndarray:
    return np.ones((frames, BINS), np.float32)


def test_takes_are_parted_and_a_single_one_serves_for_both() -> None:
    many = takes(12)
    train, apart = parted(many)
    assert (len(train), len(apart)) == (11, 1)
    assert parted(many[:1]) == (many[:1], many[:1])


def test_a_card_is_measured_and_drawn() -> None:
    engine, heard = HummingEngine(), takes(4, pitch=1.4)
    train, apart = parted(heard)
    voice = engine.load_voice(engine.adapt(train))
    stranger = engine.embedding(takes(1, pitch=0.6)[0].samples, 24_000)
    card = measure(engine, voice, train, apart, [stranger])
    assert card.verdict == "ready", card.shortcomings
    assert card.margin is not None
    assert card.margin > 0
    assert card.word_errors is None
    document = card.document()
    assert document["verdict"] == "ready"
    assert document["format"] == "consonant.voice-card/1"
    assert draw.picture(card).startswith(b"\x89PNG")


def test_a_voice_that_is_nearer_to_somebody_else_is_a_draft() -> None:
    engine, heard = HummingEngine(), takes(4, pitch=1.4)
    train, apart = parted(heard)
    voice = engine.load_voice(engine.adapt(train))
    twin = engine.embedding(apart[0].samples, 24_000)
    assert measure(engine, voice, train, apart, [twin]).verdict == "draft"
