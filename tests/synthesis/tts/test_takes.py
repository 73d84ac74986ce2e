"""A person's takes as the model is to learn them."""

from __future__ import annotations

import numpy as np
import soxr
import torch

from synthesis.tts import features, losses, takes
from synthesis.tts.features import HOP, MELS
from synthesis.tts.takes import Heard, Take

RATE = 24_000


def said(*parts_s: float) -> np.ndarray:
    """Buzz and the noise of a room in turn, so many seconds each, buzz first."""
    dice = np.random.default_rng(0)
    room = [0.004 * dice.standard_normal(int(length * RATE)) for length in parts_s]
    for number in range(0, len(room), 2):
        at = np.arange(len(room[number]))
        room[number] += 0.2 * sum(np.sin(2 * np.pi * 140 * k * at / RATE) / k for k in range(1, 20))
    return np.concatenate(room).astype(np.float32)


def test_who_hesitates_is_not_learned_with_it() -> None:
    whole = Take(said(1.0, 2.0, 1.0, 0.15, 1.0), [1])
    short = takes.unhesitating(whole)
    assert len(whole.samples) / RATE == 5.15
    assert abs(len(short.samples) / RATE - 3.4) < 0.1  # two seconds became a quarter; 0.15 stays
    assert np.array_equal(short.samples[: RATE // 2], whole.samples[: RATE // 2])
    assert np.array_equal(short.samples[-RATE:], whole.samples[-RATE:])
    assert short.ids == whole.ids


def test_who_speaks_on_is_left_alone() -> None:
    take = Take(said(2.0), [1])
    assert np.array_equal(takes.unhesitating(take).samples, take.samples)


def mel_of(sound: np.ndarray) -> torch.Tensor:
    return features.log_mel(torch.from_numpy(features.levelled(sound))[None])[0, : len(sound) // HOP]


def test_a_recording_that_ends_at_eight_kilohertz_is_told_by_that_and_not_by_its_clicks() -> None:
    hiss = np.random.default_rng(3).normal(0, 0.05, 2 * RATE).astype(np.float32)
    dull = np.asarray(soxr.resample(hiss[: 2 * 16_000], 16_000, RATE), np.float32)
    clicked = dull.copy()
    clicked[:: RATE // 2] += 0.5
    assert [features.is_narrow(mel_of(sound)) for sound in (dull, clicked, hiss)] == [True, True, False]


def test_what_the_room_says_is_not_learned() -> None:
    """A voice that is quieter than the room costs nothing where the person is silent; one that is louder does."""
    mel = torch.full((60, MELS), -3.0)
    mel[:30] = 0.5  # speech, then the room alone
    assert torch.allclose(takes.room(mel), torch.full((MELS,), -3.0))
    units, frames = torch.zeros(4), torch.ones(60)
    row = Heard(
        torch.zeros(4, 8), units + 1, units.long(), units, units, mel, frames * 0, frames * 0, frames,
        torch.ones(60, MELS), takes.room(mel).expand(60, -1),
    )  # fmt: skip

    def cost(silence: float) -> float:
        made = torch.zeros(60, MELS + 2)
        made[:30, :MELS], made[30:, :MELS] = 0.5, silence
        return float(losses._loss(row, made, [units, units, units]))

    assert abs(cost(-11.0) - cost(-9.0)) < 1e-4
    assert cost(-2.0) > cost(-9.0) + 0.3
