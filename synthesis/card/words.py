"""How well a voice is understood: word errors of sentences that are always the same, heard by pocketsphinx.

The recogniser is closed over these sentences, so a rate means nothing alone; it is read beside the base voice's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from synthesis.bench.listener import RATE_HZ, Listener, errors, words, write_closed_model

Floats = NDArray[np.float32]
SENTENCES = (
    "Your appointment is on Thursday at half past three.",
    "Please hold the line, somebody will be with you soon.",
    "The number you have called is not in service at this time.",
    "We have sent a small box of yellow flowers to your mother.",
    "She asked whether the early train would stop at the old bridge.",
    "Nobody knew why the garden gate had been left open again.",
    "Press two if you wish to change the address on your account.",
    "Measure the flour twice and then pour the warm milk slowly.",
)


def word_errors(say: Callable[[str], tuple[Floats, int]]) -> float:
    """Share of the words of SENTENCES that are misheard, 0 to about 1.

    Args:
        say: a sentence as mono sound (T,) and its rate.
    """
    listener, wrong, total = Listener(_model()), 0, 0  # a new one: what it heard before moves what it hears next
    for sentence in SENTENCES:
        samples, rate_hz = say(sentence)
        said = words(sentence)
        wrong += errors(said, listener.hear(np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.float32)))
        total += len(said)
    return wrong / total


@lru_cache(maxsize=1)
def _model() -> Path:
    path = Path(tempfile.mkdtemp(prefix="consonant-words-")) / "closed.arpa"
    write_closed_model([words(sentence) for sentence in SENTENCES], path)
    return path
