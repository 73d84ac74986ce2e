"""Is it ours, and which record: the answers, each with a p-value that holds for any audio.

What has to hold before this module says "ours":
 1. the pilots of one key agree with the clip at one place and scale (`search.py`);
 2. the bound on that agreement, multiplied by every hypothesis searched (`plan.py`), is at most 1e-6.
What has to hold before it names a record:
 3. the payload symbols on the same line decode to 48 bits whose keyed 16-bit check fits (`payload.py`);
 4. the decoded word, written out again, agrees with the payload symbols so well that the bound,
    multiplied by 2^48 words and every line tried, is at most 1e-6.
"Not found" never means "authentic": the clip may be too short, too damaged or somebody else's.

Times are seconds from the start of the clip.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from watermark.codec import frames
from watermark.codec.bounds import log_tail, p_value
from watermark.codec.evidence import Evidence, evidence_of, markable_s
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import SYMBOL_S, place_of
from watermark.codec.payload import RECORD_BITS, WORD, read_words, word_of
from watermark.codec.plan import Family, Search, families, tempos_near
from watermark.codec.search import FINE_SHIFTS_S, PROFILES, Line, Reading, Scale, propose, read
from watermark.codec.spans import Span, spans_of

Verdict = Literal["ours", "not_found", "inconclusive"]
Floats = npt.NDArray[np.float32]
Progress = Callable[[float], None]

ALPHA = 1e-6  # false alarms per file
DOUBT = 1e-3  # between the two a clip is worth a longer look
LEAST_S = 1.0  # less markable speech than this proves nothing by its silence
WINDOW_S = 10.24
KEEP = 16
MOST_MARKS = 8


@dataclass(frozen=True)
class Mark:
    """One mark found in a clip."""

    key: MarkKey
    line: Line
    p_value: float
    record: int | None
    record_p_value: float
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Detection:
    """What a clip says. `p_value` bounds the chance of so much agreement in audio made without the key.

    record is None when it cannot be read; spans are where the mark is (start_s, end_s, p_value); marks lists
    every different mark, strongest first, and the other fields speak of the first.
    """

    verdict: Verdict
    p_value: float
    record: int | None
    record_p_value: float
    epoch: int | None
    spans: tuple[Span, ...]
    markable_s: float
    marks: tuple[Mark, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class _Candidate:
    line: Line
    key: MarkKey
    log_p: float


def detect(
    samples: Floats,
    rate_hz: int,
    keys: Sequence[MarkKey],
    *,
    search: Search = "quick",
    progress: Progress | None = None,
) -> Detection:
    """Look for marks of any of `keys` in a clip.

    Args:
        samples: float32 (T,) or (T, channels) in [-1, 1], 8 kHz or more, any level. Channels are searched
            one by one and paid for.
        keys: the live keys, every epoch; each adds to the price.
        search: "none" = at the speed it has; "quick" = also changed tempo, speed or pitch; "full" = any
            mixture of tempo and pitch within 12 %.
        progress: called with the finished share (0 to 1).

    Returns:
        Detection. A clip without a mark, and an empty clip, are results, not errors.
    """
    channels = [samples] if samples.ndim == 1 else list(samples.T)

    def told(channel: int, done: float) -> None:
        if progress is not None:
            progress((channel + done) / len(channels))

    answers = [
        _Clip(channel, rate_hz, list(keys), len(channels)).answer(search, partial(told, number))
        for number, channel in enumerate(channels)
    ]
    return min(answers, key=lambda answer: answer.p_value)


class _Clip:
    """One channel under examination."""

    def __init__(self, samples: Floats, rate_hz: int, keys: list[MarkKey], channels: int) -> None:
        self.spectrum = frames.power(samples, rate_hz)
        self.length_s = len(samples) / rate_hz
        self.keys, self.channels = keys, channels
        self.hidden: list[tuple[float, float]] = []
        self.markable_s = markable_s(self.spectrum)

    def windows(self) -> list[tuple[float, float]]:
        """Overlapping stretches that are searched; one when the clip is short."""
        if self.length_s <= 1.5 * WINDOW_S:
            return [(0.0, self.length_s)]
        starts = np.arange(0.0, self.length_s - WINDOW_S / 2, WINDOW_S / 2)
        return [(float(start), min(float(start) + WINDOW_S, self.length_s)) for start in starts]

    def evidence(self, pitch: float) -> Evidence:
        """Evidence with the spans of marks already found blanked out."""
        whole = evidence_of(self.spectrum, pitch)
        for start_s, end_s in self.hidden:
            whole.values[int(start_s * frames.FRAMES_HZ) : int(end_s * frames.FRAMES_HZ)] = 0.0
        return whole

    def answer(self, search: Search, progress: Progress) -> Detection:
        """All marks, then the verdict on the strongest."""
        marks: list[Mark] = []
        least = 1.0
        while self.keys and self.markable_s > 0 and len(marks) < MOST_MARKS:
            best = self.best(families(search) if not marks else families("none"), progress)
            least = min(least, p_value(best.log_p))
            if p_value(best.log_p) > ALPHA:
                break
            mark = self.explain(best)
            marks.append(mark)
            self.hidden += [(start_s - 0.1, end_s + 0.1) for start_s, end_s, _ in mark.spans]
            if sum(end - start for start, end in self.hidden) > self.length_s - LEAST_S:
                break
        progress(1.0)
        marks.sort(key=lambda mark: mark.p_value)
        return self.verdict(marks, least)

    def verdict(self, marks: list[Mark], least: float) -> Detection:
        if marks:
            first = marks[0]
            return Detection(
                "ours",
                first.p_value,
                first.record,
                first.record_p_value,
                first.key.epoch,
                first.spans,
                self.markable_s,
                tuple(marks),
            )
        unsure = least <= DOUBT or self.markable_s < LEAST_S
        return Detection("inconclusive" if unsure else "not_found", least, None, 1.0, None, (), self.markable_s)

    def best(self, plan: list[Family], progress: Progress) -> _Candidate:
        """The likeliest hypothesis of all families; stops at the first family that settles it."""
        best = _Candidate(Line(0, 0.0), self.keys[0], 0.0)
        steps = sum(len(family.grid) for family in plan)
        done = 0
        for family in plan:
            price = family.log_cost(len(self.keys) * self.channels, 2 * len(self.windows()))
            for pitch, tempos in family.grid:
                evidence = self.evidence(pitch)
                for key in self.keys:
                    for window in self.windows():
                        candidate = self.in_window(key, evidence, window, list(tempos), price)
                        best = min(best, candidate, key=lambda one: one.log_p)
                done += 1
                progress(done / steps)
            if p_value(best.log_p) <= ALPHA:
                break
        return best

    def in_window(
        self, key: MarkKey, evidence: Evidence, window: tuple[float, float], tempos: list[float], price: float
    ) -> _Candidate:
        """The best line through one window, refined; scored on the window and on the whole clip."""
        lines = propose(key, evidence, *window, tempos, KEEP)
        scored = [(self.log_p(key, evidence, line, window), line) for line in lines]
        coarse = sorted(scored, key=lambda item: item[0])[:4]
        refined = [item for _, line in coarse for item in self.refine(key, evidence, line, window)]
        log_p, line = min(refined, key=lambda item: item[0])
        return _Candidate(line, key, min(log_p + price, 0.0))

    def refine(
        self, key: MarkKey, evidence: Evidence, line: Line, window: tuple[float, float]
    ) -> list[tuple[float, Line]]:
        """The line moved by quarters of a symbol and, when the clip may be changed, to finer scales."""
        untouched = line.scale == Scale()
        tempos = [line.scale.tempo] if untouched else tempos_near(line.scale.tempo)
        middle_s = 0.5 * (window[0] + window[1])
        centred, _ = line.covering(middle_s, middle_s)
        options = []
        for tempo in tempos:
            for shift in FINE_SHIFTS_S:
                option = Line(centred.place, centred.first_s + shift, Scale(tempo, line.scale.pitch))
                options.append((self.log_p(key, evidence, option, window), option))
        return options

    def log_p(self, key: MarkKey, evidence: Evidence, line: Line, window: tuple[float, float]) -> float:
        """Natural logarithm of the bound for the best profile, on the window or on the whole clip."""
        stretches = {window, (0.0, self.length_s)}
        readings = [read(key, evidence, line, *stretch) for stretch in stretches]
        return min(float(log_tail(reading.score(profile))) for reading in readings for profile in PROFILES)

    def explain(self, found: _Candidate) -> Mark:
        """Read the payload on the line that was found and say where the mark is."""
        evidence = self.evidence(found.line.scale.pitch)
        reading = read(found.key, evidence, found.line, 0.0, self.length_s)
        spans = spans_of(reading, self.length_s)
        record, record_log_p = read_record(found.key, reading)
        return Mark(found.key, found.line, p_value(found.log_p), record, p_value(record_log_p), spans)


def band_weights(reading: Reading) -> Floats:
    """How well each band of this channel speaks, learned from the pilots alone: (B,), never negative.

    Pilots say nothing about payload signs, so weights from them leave the record's p-value intact.
    """
    pilots = reading.chips.signs * reading.chips.pilot
    agree = (reading.values * pilots).sum(axis=0)
    power = (reading.values**2 * reading.chips.pilot).sum(axis=0)
    kernel = np.ones(7)
    smooth = np.convolve(agree, kernel, "same") / (np.convolve(power, kernel, "same") + 1e-6)
    return np.maximum(smooth, 0.0).astype(np.float32)


def code_evidence(reading: Reading, weights: Floats) -> Floats:
    """Soft evidence for each of the 512 payload signs: (512,)."""
    free = ~reading.chips.pilot
    leaning = (reading.values * reading.chips.signs * weights)[free]
    return np.bincount(reading.chips.code[free], leaning, WORD).astype(np.float32)


def read_record(key: MarkKey, reading: Reading) -> tuple[int | None, float]:
    """The record on a line and ln of the chance that anything else spells one so well; (None, 0) if unread."""
    weights = band_weights(reading)
    leaning = code_evidence(reading, weights)
    if not leaning.any():
        return None, 0.0
    record = read_words(key, leaning[None])[0]
    if record is None:
        return None, 0.0
    log_p = payload_log_p(key, reading, weights, record) + RECORD_BITS * math.log(2)
    return (record, log_p) if log_p <= math.log(ALPHA) else (None, 0.0)


def payload_log_p(key: MarkKey, reading: Reading, weights: Floats, record: int) -> float:
    """Natural logarithm of the bound on how well the payload symbols agree with one record."""
    signs = reading.chips.signs * word_of(key, record)[reading.chips.code] * ~reading.chips.pilot
    weighted = reading.values * weights
    norm = float(np.sqrt((weighted**2 * (signs != 0)).sum()))
    return float(log_tail((weighted * signs).sum() / norm)) if norm > 0 else 0.0


def check(
    samples: Floats, rate_hz: int, key: MarkKey, record: int, salt: int, start: int, *, shift_s: float = 0.0
) -> float:
    """Read one known record back at its known place: a p-value for one hypothesis.

    Args:
        samples: float32 (T,), the output as decoded from the bytes that will be released.
        shift_s: where the output begins in `samples`; delays of codecs up to 80 ms are found and paid for.

    Returns:
        The bound on the chance that audio without this mark agrees so well, between 0 and 1. One spoken
        word on a clean channel gives less than 1e-6; see README for seconds per channel.
    """
    clip_s = len(samples) / rate_hz
    evidence = evidence_of(frames.power(samples, rate_hz))
    shifts = np.arange(-0.080, 0.0801, SYMBOL_S / 4) + shift_s
    best = 0.0
    for shift in shifts:
        line = Line(place_of(salt, start), float(shift))
        reading = read(key, evidence, line, 0.0, clip_s)
        signs = reading.chips.carrying(word_of(key, record))
        best = min(best, *(float(log_tail(reading.score(profile, signs))) for profile in PROFILES))
    return p_value(best + math.log(len(shifts) * len(PROFILES)))
