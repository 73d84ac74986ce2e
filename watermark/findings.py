"""What a search of one clip came to, as a value that can be stored and told. No database, no keys kept.

Between the codec, which speaks in arrays, and the app, which speaks in rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from audio.clip import Clip
from watermark.codec import detect as codec
from watermark.codec.evidence import markable_s
from watermark.codec.fingerprint import fingerprint
from watermark.codec.frames import power
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Outputs
from watermark.errors import MarkUnreadable

Depth = Literal["quick", "full"]
Progress = Callable[[float], None]
Place = tuple[int, int]  # (salt, start): where in the pattern an output begins

# `quick` looks for the mark at the speed the clip has; `full` also at any changed tempo, speed and pitch. A clip
# may be searched both ways, and each search keeps its own bound, so together they are wrong twice as often.
_SEARCH: dict[Depth, Literal["none", "full"]] = {"quick": "none", "full": "full"}
FALSE_ALARM_BOUND = 2 * codec.ALPHA
# The chance, at most, that the read-back before a release passes on sound that does not carry the mark.
# The same number stands in the release trigger (synthesis migration 0002); a test compares the two.
READ_BACK_BOUND = 1e-6
PLACES = 8  # a one-word output may be tried at so many; every read-back pays for all of them
BLIND_S = 20.0  # an output whose first part a stranger could find is long enough


@dataclass(frozen=True)
class Found:
    """One mark in a clip: its record (None when it cannot be read) and where it lies, in seconds."""

    record: int | None
    p_value: float
    spans: tuple[tuple[float, float, float], ...]
    content: str = "unknown"  # matches | differs | unknown

    @property
    def document(self) -> dict[str, Any]:
        """As it is stored and told; the record as 12 hex digits."""
        return {
            "record": None if self.record is None else f"{self.record:012x}",
            "p_value": self.p_value,
            "content": self.content,
            "spans": [{"start_s": start, "end_s": end, "p_value": p} for start, end, p in self.spans],
        }

    def part_of(self, clip: Clip) -> Clip:
        """The stretch of the clip that the mark covers; the whole clip when no span was made out."""
        if not self.spans:
            return clip
        return clip.cut(min(span[0] for span in self.spans), max(span[1] for span in self.spans))


@dataclass(frozen=True)
class Finding:
    """The answer of one search. `p_value` bounds the chance of it in sound made without our keys."""

    verdict: str  # ours | not_found | inconclusive
    p_value: float
    marks: tuple[Found, ...]
    searched: dict[str, Any]

    @property
    def columns(self) -> dict[str, Any]:
        """As the columns of a verification that is answered."""
        return {
            "verdict": self.verdict,
            "p_value": self.p_value,
            "marks": [mark.document for mark in self.marks],
            "searched": self.searched,
            "pending_key": "",
        }

    @property
    def decides(self) -> bool:
        """Whether a longer search could add nothing that is asked for: it is ours and the record was read."""
        return self.verdict == "ours" and all(mark.record is not None for mark in self.marks)


def look(
    clip: Clip,
    keys: Sequence[MarkKey],
    depth: Depth,
    outputs: Sequence[Outputs] = (),
    walk: bool = False,
    progress: Progress | None = None,
) -> Finding:
    """Search a clip for marks of any of `keys`.

    Args:
        clip: any rate from 8 kHz on, (T,) or (C, T); channels are searched one by one.
        keys: every live epoch.
        depth: how far; see `_SEARCH`.
        outputs: lists of what has been made, each with its key; fewer seconds are enough to find one of them.
        walk: also look for what has lost its pilots; see `codec.detect`.
        progress: told the finished share, 0 to 1; what it raises ends the search.
    """
    samples = clip.mono().samples if clip.channels == 1 else np.ascontiguousarray(clip.samples.T)  # (T,) or (T, C)
    found = codec.detect(
        samples, clip.rate_hz, keys, search=_SEARCH[depth], outputs=outputs, walk=walk, progress=progress
    )
    marks = tuple(Found(mark.record, mark.p_value, tuple(_span(s) for s in mark.spans)) for mark in found.marks)
    searched = {
        "depth": depth,
        "epochs": len(keys),
        "channels": clip.channels,
        "length_s": round(clip.length_s, 3),
        "markable_s": round(float(found.markable_s), 3),
    }
    return Finding(found.verdict, found.p_value, marks, searched)


@dataclass(frozen=True)
class Confirmation:
    """What reading a mark back from encoded bytes showed.

    `blind` says whether somebody who knows nothing but the key would find it too: the output is long enough. Of an
    output that is still being made `at_most_s` is what it can come to.
    """

    read_back_p: float
    markable_s: float
    blind: bool
    fingerprint: bytes
    at_most_s: float


def read_back(clip: Clip, key: MarkKey, record: int, place: Place) -> Confirmation:
    """Look for the one mark that has to be in `clip`, at the one place where it has to be.

    Args:
        clip: mono, decoded from the very bytes that are to be released.

    Raises:
        MarkUnreadable: it is not there, or another record is; the output must not leave.
    """
    p_value = min(1.0, PLACES * codec.check(clip.samples, clip.rate_hz, key, record, *place, chosen_of=1))
    if not p_value <= READ_BACK_BOUND:
        raise MarkUnreadable(p_value=p_value)
    blind = {mark.record for mark in look(clip.cut(0.0, BLIND_S), [key], "quick").marks}
    if blind - {record, None}:
        raise MarkUnreadable("The sound carries another record than its own")
    spoken_s = float(markable_s(power(clip.samples, clip.rate_hz)))
    return Confirmation(p_value, spoken_s, record in blind, fingerprint(clip.samples, clip.rate_hz), clip.length_s)


def search(
    clip: Clip, keys: Sequence[MarkKey], outputs: Sequence[Outputs], progress: Progress | None = None
) -> Finding:
    """Search as far as we can: the quick look first, and where that leaves something open, all there is."""
    quick = look(clip, keys, "quick")
    if quick.decides:
        return quick
    full = look(clip, keys, "full", outputs, walk=True, progress=progress)
    return quick if quick.verdict == "ours" and full.p_value >= quick.p_value else full


def _span(span: Sequence[float]) -> tuple[float, float, float]:
    start_s, end_s, p_value = span
    return round(float(start_s), 3), round(float(end_s), 3), float(p_value)
