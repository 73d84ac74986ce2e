"""Finds the likeliest line of a clip: propose coarsely, look closely, pay for everything.

Shapes: K symbol times, B bands.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from watermark.codec.bounds import log_tail
from watermark.codec.evidence import Evidence, evidence_of
from watermark.codec.frames import FRAMES_HZ
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import SYMBOL_S, Pattern
from watermark.codec.plan import Family, pitches_near, tempos_near
from watermark.codec.search import FINE_SHIFTS_S, PROFILES, Line, Proposal, Scale, propose

Floats = npt.NDArray[np.float32]
Window = tuple[float, float]  # start_s, end_s

WINDOW_S = 10.24
SCALED_WINDOW_S = 5.12  # how much of a window a coarse search over scales looks at
PROPOSED = 8  # by every coarse correlation
LOOKED_AT = 24
REFINED = 4
_REMEMBERED = 4
_WEIGHTS = np.stack(list(PROFILES.values())).T  # (B, profiles)
_PARTS = 10  # halves and quarters of a window, overlapping by half


@dataclass(frozen=True)
class Candidate:
    """A line, the key and the window it was found with, and ln of its p-value."""

    line: Line
    key: MarkKey
    window: Window
    log_p: float


@dataclass(frozen=True)
class Seeker:
    """One channel of sound: spectrum (L, 321), what of it is already explained, and what is paid for."""

    spectrum: Floats
    keys: tuple[MarkKey, ...]
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
        if pitch in self._remembered:
            return self._remembered[pitch]
        whole = evidence_of(self.spectrum, pitch)
        for start_s, end_s in self.hidden:
            whole.values[max(int(start_s * FRAMES_HZ), 0) : max(int(end_s * FRAMES_HZ), 0)] = 0.0
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()  # an hour of evidence has 80 MB
        self._remembered[pitch] = whole
        return whole

    def best(self, plan: list[Family], enough: float, progress: Callable[[float], None]) -> Candidate:
        """The likeliest line of all families; stops after the first family that reaches ln p <= `enough`."""
        best = Candidate(Line(0, 0.0), self.keys[0], (0.0, self.length_s), 0.0)
        steps, done = sum(len(family.grid) for family in plan), 0
        for family in plan:
            proposals: list[tuple[Proposal, MarkKey, Window]] = []
            for pitch, tempos in family.grid:
                proposals += self.proposals(self.evidence(pitch), tempos)
                done += 1
                progress(done / steps)
            best = min(best, self.closest(family, proposals), key=lambda one: one.log_p)
            if best.log_p <= enough:
                break
        return best

    def proposals(self, evidence: Evidence, tempos: tuple[float, ...]) -> list[tuple[Proposal, MarkKey, Window]]:
        """What the coarse pass brings up in every window, for every key."""
        found = []
        for window in self.windows():
            looked_at = window if tempos == (1.0,) and evidence.pitch == 1.0 else self.liveliest(window)
            for key in self.keys:
                found += [(one, key, window) for one in propose(key, evidence, *looked_at, tempos, PROPOSED)]
        return found

    def liveliest(self, window: Window) -> Window:
        """The part of a window with the most sound in it."""
        low, high = (int(edge * FRAMES_HZ) for edge in window)
        size = int(SCALED_WINDOW_S * FRAMES_HZ)
        if high - low <= size:
            return window
        level = np.log(self.spectrum[low:high, 12:136].sum(axis=1) + 1e-6)
        heard = np.convolve(np.maximum(level - np.quantile(level, 0.1), 0.0), np.ones(size), "valid")
        start_s = (low + int(heard.argmax())) / FRAMES_HZ
        return start_s, start_s + SCALED_WINDOW_S

    def closest(self, family: Family, proposals: list[tuple[Proposal, MarkKey, Window]]) -> Candidate:
        """The best of a family's proposals after refining, with its price paid."""
        proposals = sorted(proposals, key=lambda item: -item[0].score)[: LOOKED_AT + 2 * len(self.windows())]
        stretches = sum(key.stretches for key in self.keys) * self.channels
        price = family.log_cost(stretches, 2 * len(self.windows()))
        scored = [self.candidate(one.line, key, window) for one, key, window in proposals]
        chosen = sorted(scored, key=lambda one: one.log_p)[:REFINED]
        refined = [self.refined(one, family.fine > 1) for one in chosen]
        best = min(refined, key=lambda one: one.log_p)
        whole = self.candidate(best.line, best.key, (0.0, self.length_s))
        log_p = min(best.log_p, whole.log_p, 0.0)
        return Candidate(best.line, best.key, best.window, min(log_p + price, 0.0))

    def candidate(self, line: Line, key: MarkKey, window: Window) -> Candidate:
        """A line scored exactly on one window."""
        line, count = line.covering(*window)
        evidence = self.evidence(line.scale.pitch)
        values = evidence.at(line.first_s, count, line.scale.tempo)
        return Candidate(line, key, window, log_p_of(values, Pattern(key).pilots(line.place, count)))

    def refined(self, found: Candidate, scaled: bool) -> Candidate:
        """The line moved by quarters of a symbol and, when the clip may be changed, to finer scales."""
        window, scale = found.window, found.line.scale
        middle, _ = found.line.covering(*[0.5 * (window[0] + window[1])] * 2)
        half = int(0.5 * (window[1] - window[0]) / (SYMBOL_S * scale.tempo)) + 1
        pilots = Pattern(found.key).pilots(middle.place - half, 2 * half)
        best = found
        for pitch in pitches_near(scale.pitch) if scaled else [scale.pitch]:
            evidence = self.evidence(pitch)
            for tempo in tempos_near(scale.tempo) if scaled else [scale.tempo]:
                for shift in FINE_SHIFTS_S:
                    line = Line(middle.place, middle.first_s + shift, Scale(tempo, pitch)).from_symbol(-half)
                    log_p = log_p_of(evidence.at(line.first_s, 2 * half, tempo), pilots)
                    if log_p < best.log_p:
                        best = Candidate(line, found.key, window, log_p)
        return best


def log_p_of(values: Floats, pilots: npt.NDArray[np.int8]) -> float:
    """Natural logarithm of the bound for one line on one window, over all profiles and parts of the window.

    The whole window has half of the allowance, ten halves and quarters share the rest (a mark may fill only
    part of it). The number of profiles is paid by the caller (`plan.py`).
    """
    agree = np.cumsum((values * pilots) @ _WEIGHTS, axis=0, dtype=np.float64)
    power = np.cumsum((values**2 * (pilots != 0)) @ _WEIGHTS**2, axis=0, dtype=np.float64)
    count = len(agree)
    if count < 8:
        return 0.0
    quarter = count / 4
    starts = [0.0, 0, 1, 2, *np.arange(0, 3.5, 0.5)]
    lengths = [4.0, 2, 2, 2, *[1.0] * 7]
    low = (np.array(starts) * quarter).astype(np.intp)
    high = np.minimum(low + (np.array(lengths) * quarter).astype(np.intp), count) - 1
    score = (agree[high] - agree[low]) / np.sqrt(power[high] - power[low] + 1e-9)
    log_p = log_tail(score).min(axis=1)
    return float(min(log_p[0] + math.log(2), log_p[1:].min() + math.log(2 * _PARTS)))
