"""Processor seconds, not wall seconds: how many seconds of sound one second of one core deals with."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from watermark.bench.presence import LISTED, some_outputs
from watermark.bench.speech import Clip
from watermark.codec.detect import detect
from watermark.codec.embed import embed
from watermark.codec.field import gain_field
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Outputs
from watermark.codec.plan import Search


@dataclass(frozen=True)
class Speed:
    """`times` real time on one core."""

    what: str
    seconds: float
    times: float


def measured(what: str, seconds: float, work: Callable[[], object], rounds: int) -> Speed:
    """The best of several rounds, after one to warm up."""
    work()
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return Speed(what, seconds, seconds / best)


def speeds(clip: Clip, rounds: int = 3) -> list[Speed]:
    """Embed, gains for a vocoder, and the three searches on an unmarked clip (the slowest case)."""
    key, seconds = MarkKey(b"speed of the mark on one core..."), len(clip.samples) / clip.rate_hz
    gains = gain_field(key, 1, 2, 3, rate_hz=24000)

    listed = Outputs.of(key, some_outputs(np.random.default_rng(0), LISTED))

    def look(search: Search, *outputs: Outputs, walk: bool = False) -> Callable[[], object]:
        return lambda: detect(clip.samples, clip.rate_hz, [key], search=search, outputs=outputs, walk=walk)

    return [
        measured("embed, choosing a place", seconds, lambda: embed(clip.samples, clip.rate_hz, key, 1), rounds),
        measured(
            "embed at a given place", seconds, lambda: embed(clip.samples, clip.rate_hz, key, 1, choices=1), rounds
        ),
        measured("gains for a vocoder", seconds, lambda: gains(0, int(seconds * 93.75)), rounds),
        measured("detect, search none", seconds, look("none"), 2 * rounds),
        measured("detect, search quick", seconds, look("quick"), 1),
        measured("detect, search full", seconds, look("full"), 1),
        measured(f"detect, search none, a list of {LISTED:,}", seconds, look("none", listed), rounds),
        measured(f"detect, search full, a list of {LISTED:,}", seconds, look("full", listed), 1),
        measured(f"detect, search none, a list of {LISTED:,}, walked", seconds, look("none", listed, walk=True), 1),
    ]
