"""Finds the likeliest line of a clip: propose coarsely, look closely, pay for everything.

The coarse pass sweeps the narrow-band evidence of a window over all places of the pilots. It only proposes; what
counts is the exact score of a proposal, and its p-value pays for all places, shifts and scales there are, tried
or not. With a list of outputs (`outputs.py`) a proposal is scored a second time, as each output that lies there.

Shapes: K symbol times, S sequences.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest, nsmallest
from itertools import groupby, islice

import numpy as np
import numpy.typing as npt

from watermark.codec.evidence import Evidence, judged
from watermark.codec.frames import FRAMES_HZ
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Outputs
from watermark.codec.pattern import LENGTH, NARROW, STRETCH, SYMBOL_S
from watermark.codec.plan import Family, families
from watermark.codec.refine import Candidate, Window, candidate, likeliest_output, refined
from watermark.codec.search import Claim, Line, Scale
from watermark.codec.spectra import WINDOW, handfuls
from watermark.codec.sweep import SEQUENCES, Sweep
from watermark.codec.walk import walk

Floats = npt.NDArray[np.float32]

WINDOW_S = 10.24
SCALED_WINDOW_S = 5.12  # how much of a window a coarse search over scales looks at
FLOOR = 4.5  # agreement that is worth an exact look; by chance, a clip as it is has seven such places
LOOKED_AT = 48
REFINED = 4
# An output of a list speaks with all of its symbols, so pilots may propose it that say little by themselves.
LISTED_FLOOR = 3.3
LISTED_LOOKED_AT, LISTED_LOOKED_AT_AS_IS = 96, 768
OUTPUTS_TRIED = 128  # lines, the best by their pilots, that are read as the outputs that lie there
OUTPUT_SHARE, WALK_SHARE = 0.25, 0.05  # of the allowance; the rest stays with the pilots alone
WALKED = 10_000  # outputs times windows: a quarter of a minute
_REMEMBERED = 400_000  # frames of evidence: 86 MB


@dataclass(frozen=True)
class Proposal:
    """A line worth a closer look, with the score that brought it up (not yet one to build a p-value on)."""

    score: float
    line: Line
    key: MarkKey
    window: Window


@dataclass(frozen=True)
class Heard:
    """What one coarse step sees of one window: (K, 22) narrow-band evidence on a line whose place is sought."""

    line: Line
    window: Window
    values: Floats


@dataclass(frozen=True)
class Seeker:
    """One channel of sound: spectrum (L, 321), what of it is already explained, and what is paid for.

    outputs: closed lists it may come from, one for each key at most; none is a search for the pilots alone.
    """

    spectrum: Floats
    keys: tuple[MarkKey, ...]
    outputs: tuple[Outputs, ...] = ()
    channels: int = 1
    hidden: tuple[Window, ...] = ()
    _remembered: dict[float, Evidence] = field(init=False, default_factory=dict, compare=False, repr=False)

    @property
    def length_s(self) -> float:
        """Seconds of sound."""
        return len(self.spectrum) / FRAMES_HZ

    def windows(self) -> list[Window]:
        """Overlapping stretches that are searched; one when the clip is short."""
        if self.length_s <= 1.5 * WINDOW_S:
            return [(0.0, self.length_s)]
        starts = np.arange(0.0, self.length_s - WINDOW_S / 2, WINDOW_S / 2)
        return [(float(start), min(float(start) + WINDOW_S, self.length_s)) for start in starts]

    def evidence(self, pitch: float) -> Evidence:
        """Evidence with the spans of marks already found blanked out."""
        pitch = round(pitch, 4)
        if pitch in self._remembered:
            return self._remembered[pitch]
        whole = judged(self.spectrum, pitch)
        for start_s, end_s in self.hidden:
            whole.values[max(int(start_s * FRAMES_HZ), 0) : max(int(end_s * FRAMES_HZ), 0)] = 0.0
        if (len(self._remembered) + 1) * len(whole.values) > _REMEMBERED:
            self._remembered.clear()
        self._remembered[pitch] = whole
        return whole

    def best(self, plan: Sequence[Family], enough: float, progress: Callable[[float], None]) -> Candidate:
        """The likeliest line of all families; stops after the first family that reaches ln p <= `enough`."""
        best = self._nothing()
        whole, done = self._work(plan), 0

        def told(sequences: int) -> None:
            nonlocal done
            done += sequences
            progress(done / whole)

        for family in plan:
            proposals = self._proposals(family, told)
            scored = [candidate(self.evidence, one.line, one.key, one.window) for one in proposals]
            for closest in (self._closest, self._closest_output):
                best = min(best, closest(family, scored), key=lambda one: one.log_p)
                if best.log_p <= enough:
                    return best
        return best

    def _nothing(self) -> Candidate:
        return Candidate(Line(0, 0.0), self.keys[0], (0.0, self.length_s), 0.0)

    def _work(self, plan: Sequence[Family]) -> int:
        """How many sequences there are to sweep."""
        return sum(len(family.steps) for family in plan) * len(self.windows()) * len(list(handfuls(self.keys)))

    def _proposals(self, family: Family, told: Callable[[int], None]) -> list[Proposal]:
        """The likeliest lines of a family in all windows, for all keys, the likeliest first."""
        room, floor = LOOKED_AT, FLOOR
        if self.outputs:
            room, floor = LISTED_LOOKED_AT if family.tempos_near else LISTED_LOOKED_AT_AS_IS, LISTED_FLOOR
        room += 2 * len(self.windows())
        found: list[Proposal] = []
        sweep = Sweep(len(family.steps) * len(self.windows()))
        for keys in handfuls(self.keys):
            sequences = self._sequences(family, SCALED_WINDOW_S if family.tempos_near else WINDOW_S)
            while some := list(islice(sequences, SEQUENCES)):
                found = nlargest(room, [*found, *_swept(sweep, keys, some, floor)], key=lambda one: one.score)
                told(len(some))
        return found

    def _sequences(self, family: Family, length_s: float) -> Iterator[Heard]:
        """What every coarse step of a family sees of every window, or of so much of it as is liveliest."""
        for pitch, steps in groupby(family.steps, lambda step: step.pitch):
            evidence, some = self.evidence(pitch), list(steps)
            for window in self.windows():
                start_s, end_s = self._liveliest(window, length_s)
                for step in some:
                    line = Line(0, start_s + step.shift * SYMBOL_S * step.tempo, Scale(step.tempo, pitch))
                    count = min(int((end_s - line.first_s) / (SYMBOL_S * step.tempo)) + 1, WINDOW)
                    yield Heard(line, window, evidence.at(line.first_s, count, step.tempo)[:, :NARROW])

    def _liveliest(self, window: Window, length_s: float) -> Window:
        """The part of a window with the most sound in it, `length_s` long at most."""
        low, high = (int(edge * FRAMES_HZ) for edge in window)
        size = int(length_s * FRAMES_HZ)
        if high - low <= size:
            return window
        level = np.log(self.spectrum[low:high, 12:136].sum(axis=1) + 1e-6)
        heard = np.convolve(np.maximum(level - np.quantile(level, 0.1), 0.0), np.ones(size), "valid")
        start_s = (low + int(heard.argmax())) / FRAMES_HZ
        return start_s, start_s + length_s

    def _closest(self, family: Family, scored: list[Candidate]) -> Candidate:
        """The best of a family's proposals by their pilots, after refining and with its price paid."""
        places = sum(key.stretches for key in self.keys) * STRETCH
        share = 1.0 - OUTPUT_SHARE - WALK_SHARE if self.outputs else 1.0
        return self._refined(family, self._price(family, places, share), scored)

    def _closest_output(self, family: Family, scored: list[Candidate]) -> Candidate:
        """The best by all symbols, as outputs of the lists; what a list costs is paid, not what a pattern costs."""
        if not self.outputs:
            return self._nothing()
        lists = {outputs.key: outputs for outputs in self.outputs}
        listed = nsmallest(OUTPUTS_TRIED, (one for one in scored if one.key in lists), key=lambda one: one.log_p)
        tried = (likeliest_output(self.evidence, one.line, lists[one.key], one.window) for one in listed)
        price = self._price(family, self._hypotheses(family), OUTPUT_SHARE)
        return self._refined(family, price, [one for one in tried if one is not None])

    def along_outputs(self) -> Candidate:
        """The likeliest line by a listed output's payload symbols alone, for a clip as it is and a list not too long.

        Its price is paid whether or not anybody looks, so that a longer look never changes what a shorter one said.
        """
        if not 0 < sum(map(len, self.outputs)) * len(self.windows()) <= WALKED:
            return self._nothing()
        family, found = families("full")[0], list[Candidate]()
        heard = list(self._sequences(family, SCALED_WINDOW_S))
        for outputs in self.outputs:
            for met in walk(outputs, _stacked(heard), OUTPUTS_TRIED):
                one, claim = heard[met.sequence], Claim(met.record, pilots=False)
                line = replace(one.line, place=met.place % LENGTH)
                found.append(candidate(self.evidence, line, outputs.key, one.window, claim))
        return self._refined(family, self._price(family, self._hypotheses(family), WALK_SHARE), found)

    def _hypotheses(self, family: Family) -> int:
        """At how many places the outputs of the lists could meet a window."""
        count = family.symbols(max(end_s - start_s for start_s, end_s in self.windows()))
        return sum(outputs.hypotheses(count) for outputs in self.outputs)

    def _price(self, family: Family, places: int, share: float) -> float:
        """Natural logarithm of what a hypothesis costs; windows count twice, alone and within the whole clip."""
        return family.log_cost(places * self.channels, 2 * len(self.windows())) - math.log(share)

    def _refined(self, family: Family, price: float, found: list[Candidate]) -> Candidate:
        closest = sorted(found, key=lambda one: one.log_p)[:REFINED]
        best = min(
            (refined(self.evidence, one, family, price) for one in closest),
            key=lambda one: one.log_p,
            default=self._nothing(),
        )
        whole = candidate(self.evidence, best.line, best.key, (0.0, self.length_s), best.claim)
        return replace(best, log_p=min(best.log_p, whole.log_p, -price) + price)


def _swept(sweep: Sweep, keys: Sequence[MarkKey], some: Sequence[Heard], floor: float) -> Iterable[Proposal]:
    for hit in sweep.over(keys, _stacked(some), floor):
        heard = some[hit.sequence]
        line = Line(hit.place, heard.line.first_s, heard.line.scale)
        yield Proposal(hit.score, line, hit.key, heard.window)


def _stacked(some: Sequence[Heard]) -> Floats:
    """What is heard, one below the other, the shorter ones filled up with zeros: (S, K, 22)."""
    windows = np.zeros((len(some), max(len(one.values) for one in some), NARROW), np.float32)
    for row, one in zip(windows, some, strict=True):
        row[: len(one.values)] = one.values
    return windows
