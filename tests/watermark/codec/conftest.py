"""Real speech, a key, and a draw of places that repeats."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from watermark.codec.embed import Embedded, embed
from watermark.codec.keys import MarkKey

VECTORS = Path(__file__).parents[2] / "vectors" / "speech"
RECORD = 0x2C0FFEE15BAD
Floats = npt.NDArray[np.float32]


@lru_cache(maxsize=4)
def _speech(name: str) -> tuple[Floats, int]:
    samples, rate_hz = soundfile.read(VECTORS / f"{name}.flac", dtype="float32")
    return samples, int(rate_hz)


@lru_cache(maxsize=8)
def _marked(name: str, seed: int) -> Embedded:
    samples, rate_hz = _speech(name)
    draw = np.random.default_rng(seed)
    return embed(samples, rate_hz, MarkKey(bytes(range(32))), RECORD, rng=lambda n: int(draw.integers(n)))


@pytest.fixture(scope="session")
def key() -> MarkKey:
    """The deployment's key."""
    return MarkKey(bytes(range(32)))


@pytest.fixture(scope="session")
def record() -> int:
    """The record every marked clip of these tests carries."""
    return RECORD


@pytest.fixture(scope="session")
def speech() -> Callable[[str], tuple[Floats, int]]:
    """``speech("woman")``: samples and rate."""
    return _speech


@pytest.fixture(scope="session")
def marked() -> Callable[..., Embedded]:
    """``marked("man")``: the same clip with `record` in it."""
    return lambda name="woman", seed=1: _marked(name, seed)
