"""A person who hums, and the mark in what is hummed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest

from audio import wav
from audio.clip import Clip
from synthesis.engine import BINS, HOP, N_FFT
from synthesis.humming import HummingEngine
from watermark.codec.field import gain_field
from watermark.codec.keys import MarkKey

SENTENCE = "The quick brown fox jumps over the lazy dog and sits down under a tree."
OTHER = "Nobody had expected that so many people would come to see the garden."
Speak = Callable[..., Clip]


@lru_cache(maxsize=32)
def _hum(text: str, key: MarkKey | None, record: int, salt: int, start: int, seed: int) -> Clip:
    engine = HummingEngine()
    gain = gain_field(key, record, salt, start, rate_hz=engine.rate_hz, n_fft=N_FFT, hop=HOP) if key else _flat
    samples = engine.render(engine.prepare(text), engine.base_voice(), gain=gain, seed=seed)
    return Clip(samples, engine.rate_hz)


def _flat(first_frame: int, frames: int) -> np.ndarray:
    return np.ones((frames, BINS), np.float32)


@pytest.fixture(scope="session")
def speak() -> Speak:
    """``speak(text, key, record)`` is that text with that mark; unmarked without a key."""

    def spoken(
        text: str = SENTENCE,
        key: MarkKey | None = None,
        record: int = 0,
        *,
        salt: int = 5,
        start: int = 77,
        seed: int = 0,
    ) -> Clip:
        return _hum(text, key, record, salt, start, seed)

    return spoken


@pytest.fixture(scope="session")
def as_wav() -> Callable[[Clip], bytes]:
    return wav.write
