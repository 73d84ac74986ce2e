"""Where the mark is said to lie, and what is left of it after scissors.

A clip of 11 s is marked from its third second to its eighth only; what `detect` says of the two edges is compared with
the truth. For splices the whole clip is marked, and pieces of it are put together anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from watermark.bench import table
from watermark.bench.channels import CHANNELS
from watermark.bench.presence import near
from watermark.bench.speech import Clip
from watermark.codec import frames
from watermark.codec.detect import detect, examine
from watermark.codec.embed import embed
from watermark.codec.keys import MarkKey
from watermark.codec.search import Scale
from watermark.codec.seek import Seeker

Floats = npt.NDArray[np.float32]

EDGES_S = (3.0, 8.0)
EDGE_CHANNELS = ("none", "MP3 64k", "G.711 telephone", "AMR-NB 12.2", "GSM full rate", "PSTN / VoIP chain")
SPLICE_CHANNELS = ("none", "AMR-NB 12.2")
# Pieces (from, to) in seconds: as many seconds of speech each, in one piece and in several.
SPLICES = {
    "4 s in one piece": ((2.0, 6.0),),
    "cropped to a half": ((0.0, 5.5),),
    "2 s out of the middle": ((2.0, 4.0), (6.0, 8.0)),
    "halves the other way round": ((5.0, 7.0), (2.0, 4.0)),
    "four pieces of 1 s": ((1.0, 2.0), (3.5, 4.5), (6.0, 7.0), (9.0, 10.0)),
}


@dataclass(frozen=True)
class Edge:
    """One boundary between marked and unmarked: how far off it was placed, in seconds; None when nothing was found."""

    channel: str
    speaker: str
    edge: str
    error_s: float | None


@dataclass(frozen=True)
class Splice:
    """Pieces of a marked clip, put together."""

    channel: str
    how: str
    speaker: str
    ours: bool
    record_read: bool


def edges(clip: Clip, seed: int) -> Iterator[Edge]:
    """Both boundaries of a mark in the middle of a clip, through every channel."""
    rng = np.random.default_rng(seed)
    key, record = MarkKey(rng.bytes(32)), int(rng.integers(2**48))
    low, high = (int(edge_s * clip.rate_hz) for edge_s in EDGES_S)
    inner = embed(clip.samples[low:high], clip.rate_hz, key, record, rng=lambda n: int(rng.integers(n)))
    whole = np.concatenate([clip.samples[:low], inner.samples, clip.samples[high:]])
    for channel in EDGE_CHANNELS:
        spans = detect(*CHANNELS[channel](whole, clip.rate_hz), [key], search="none").spans
        found = (min(span[0] for span in spans), max(span[1] for span in spans)) if spans else (None, None)
        for name, said, truth in zip(("begin", "end"), found, EDGES_S, strict=True):
            yield Edge(channel, clip.speaker, name, None if said is None else said - truth)


def splices(clip: Clip, seed: int) -> Iterator[Splice]:
    """Every way of cutting and joining, through every channel; the price is that of the full search."""
    rng = np.random.default_rng(seed)
    key, record = MarkKey(rng.bytes(32)), int(rng.integers(2**48))
    made = embed(clip.samples, clip.rate_hz, key, record, rng=lambda n: int(rng.integers(n)))
    for channel in SPLICE_CHANNELS:
        for how, pieces in SPLICES.items():
            cuts = [made.samples[int(a * clip.rate_hz) : int(b * clip.rate_hz)] for a, b in pieces]
            heard, rate_hz = CHANNELS[channel](np.concatenate(cuts), clip.rate_hz)
            _, mark = examine(Seeker(frames.power(heard, rate_hz), (key,)), near(Scale()))
            yield Splice(channel, how, clip.speaker, mark is not None, mark is not None and mark.record == record)


def table_of_edges(edges: Sequence[Edge]) -> str:
    """How far off, and how often near enough (what was not found is not near)."""
    lines = []
    for channel in EDGE_CHANNELS:
        some = [one.error_s for one in edges if one.channel == channel]
        off = np.abs([error_s for error_s in some if error_s is not None])
        shown = (np.median(off), np.quantile(off, 0.95), off.max()) if len(off) else ()
        near_ = [table.percent([error_s is not None and abs(error_s) <= most for error_s in some]) for most in (0.5, 2)]
        lines.append((channel, str(len(some)), *([f"{one:.2f}" for one in shown] or ["-"] * 3), *near_))
    return table.markdown(
        ("channel", "edges", "median s", "95 % s", "worst s", "within 0.5 s %", "within 2 s %"), lines
    )


def table_of_splices(splices: Sequence[Splice]) -> str:
    """Called ours and record read, by channel."""

    def cell(channel: str, how: str) -> str:
        some = [one for one in splices if (one.channel, one.how) == (channel, how)]
        return f"{table.percent([one.ours for one in some])} / {table.percent([one.record_read for one in some])}"

    return table.markdown(
        ("pieces", *(f"{channel}: ours / record %" for channel in SPLICE_CHANNELS)),
        [(how, *(cell(channel, how) for channel in SPLICE_CHANNELS)) for how in SPLICES],
    )
