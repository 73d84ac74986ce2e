"""A closed list of outputs that a clip may come from: the record of each, where its pattern begins, how long it is.

Whoever made the outputs knows these, from a log. A clip is then compared with whole outputs, the payload symbols
along with the pilots, where a search without a list hears half of the symbols. Nothing is free: every symbol time
at which an output of the list could meet the clip is a hypothesis, and is paid for.

Shapes: N outputs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from watermark.codec.keys import MarkKey
from watermark.codec.pattern import LENGTH, SYMBOL_S

Integers = npt.NDArray[np.int64]


class Output(NamedTuple):
    """One output: its 48-bit record, its place in the pattern (`place_of`), and its length in seconds."""

    record: int
    place: int
    length_s: float


@dataclass(frozen=True, eq=False)
class Outputs:
    """Outputs marked with one key, in the order of their places: records, places and symbol times, each (N,)."""

    key: MarkKey
    records: Integers
    places: Integers
    symbols: Integers

    @classmethod
    def of(cls, key: MarkKey, outputs: Iterable[Output]) -> "Outputs":
        """The list of some outputs, in any order."""
        kind = np.dtype([("record", np.int64), ("place", np.int64), ("length_s", np.float64)])
        rows = np.sort(np.array(list(outputs), kind), order="place")
        return cls(key, rows["record"], rows["place"], np.ceil(rows["length_s"] / SYMBOL_S).astype(np.int64))

    def __len__(self) -> int:
        return len(self.records)

    def hypotheses(self, count: int) -> int:
        """At how many places `count` symbol times of a clip meet an output, added up over the list."""
        return int(self.symbols.sum()) + len(self) * count

    def meeting(self, place: int, count: int) -> list[int]:
        """The records whose outputs reach into the `count` symbol times from `place` on."""
        low, high = place - int(self.symbols.max(initial=0)), place + count
        near = np.concatenate([self._between(low + turn, high + turn) for turn in (-LENGTH, 0, LENGTH)])
        behind = (place - self.places[near]) % LENGTH
        meets = (behind < self.symbols[near]) | ((-behind) % LENGTH < count)
        return [int(record) for record in self.records[near[meets]]]

    def _between(self, low: int, high: int) -> Integers:
        """Numbers of the outputs that begin at `low` or later and before `high`."""
        first, end = np.searchsorted(self.places, (low, high))
        return np.arange(first, end)
