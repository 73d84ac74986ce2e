"""Is it ours, and which record: the answers, each with a p-value that holds for any audio.

What has to hold before this module says "ours":
 1. the pilots of one key agree with the clip at one place and scale, or all symbols of one output of a list
    that the caller has (`seek.py`);
 2. the bound on that agreement, multiplied by every hypothesis searched (`plan.py`), is at most 1e-6.
What has to hold before it names a record:
 3. the payload symbols on the same line decode to 48 bits whose keyed 16-bit check fits (`record.py`);
 4. the decoded word, written out again, agrees with the payload symbols so well that the bound,
    multiplied by 2^48 words and every mark read, is at most 1e-6;
 or the payload symbols alone agree so well with the nearest of the listed outputs that lie on the line.
"Not found" never means "authentic": the clip may be too short, too damaged or somebody else's.

Times are seconds from the start of the clip.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from watermark.codec import frames
from watermark.codec.bounds import log_tail, p_value
from watermark.codec.embed import CHOICES
from watermark.codec.evidence import judged, markable_s
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Outputs
from watermark.codec.pattern import SYMBOL_S, place_of
from watermark.codec.payload import word_of
from watermark.codec.plan import NEIGHBOURS, NEIGHBOURS_AS_IS, Family, Search, families
from watermark.codec.record import nearest_record, read_record
from watermark.codec.refine import Candidate, settled
from watermark.codec.search import PROFILES, Line, Reading, Scale, read
from watermark.codec.seek import Seeker
from watermark.codec.spans import Span, spans_of

Verdict = Literal["ours", "not_found", "inconclusive"]
Floats = npt.NDArray[np.float32]
Progress = Callable[[float], None]

ALPHA = 1e-6  # false alarms per file
DOUBT = 1e-3  # between the two a clip is worth a longer look
LEAST_S = 2.0  # silence of less markable speech than this proves nothing, even on a good channel
MOST_MARKS = 8
APART = 1e-3  # of the symbols that tell one record from another: against a mix-up, which no attacker repeats


@dataclass(frozen=True)
class Mark:
    """One mark found in a clip; `reading` is the evidence it rests on."""

    key: MarkKey
    line: Line
    p_value: float
    record: int | None
    record_p_value: float
    spans: tuple[Span, ...]
    reading: Reading = field(repr=False)


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


def detect(
    samples: Floats,
    rate_hz: int,
    keys: Sequence[MarkKey],
    *,
    search: Search = "quick",
    outputs: Sequence[Outputs] = (),
    walk: bool = False,
    progress: Progress | None = None,
) -> Detection:
    """Look for marks of any of `keys` in a clip.

    Args:
        samples: float32 (T,) or (T, channels) in [-1, 1], 8 kHz or more, any level. Channels are searched
            one by one and paid for.
        keys: the live keys, every epoch; each adds to the price.
        search: "none" = at the speed it has; "quick" = also changed tempo, speed or pitch; "full" = any
            mixture of tempo and pitch within 12 %.
        outputs: lists of outputs that come into question, each of one of the keys: far fewer seconds are needed to
            find one of them and to name it. What is not on a list is still found, for 1 % more seconds.
        walk: where nothing else is found, also look for outputs of the lists that have lost their pilots (`walk.py`);
            only at the speed it has, and only for lists of up to `seek.WALKED`.
        progress: called with the finished share (0 to 1).

    Returns:
        Detection. A clip without a mark, and an empty clip, are results, not errors.
    """
    channels = [samples] if samples.ndim == 1 else list(samples.T)

    def told(channel: int, done: float) -> None:
        if progress is not None:
            progress((channel + done) / len(channels))

    listed = tuple(some for some in outputs if len(some))
    answers = []
    for number, channel in enumerate(channels):
        seeker = Seeker(frames.power(channel, rate_hz), tuple(keys), listed, len(channels))
        answers.append(_answer(seeker, search, walk, partial(told, number)))
    return min(answers, key=lambda answer: answer.p_value)


def _answer(seeker: Seeker, search: Search, walk: bool, progress: Progress) -> Detection:
    """All marks of one channel, then the verdict on the strongest."""
    speech_s = markable_s(seeker.spectrum)
    if not seeker.keys or speech_s == 0:
        return Detection("inconclusive", 1.0, None, 1.0, None, (), speech_s)
    found = list(_candidates(seeker, search, walk, progress))
    progress(1.0)
    marks = [mark for _, mark in found if mark is not None]
    if marks:
        first = marks[0]
        facts = (first.p_value, first.record, first.record_p_value, first.key.epoch, first.spans)
        return Detection("ours", *facts, speech_s, tuple(marks))
    least = p_value(found[0][0].log_p)
    verdict: Verdict = "inconclusive" if least <= DOUBT or speech_s < LEAST_S else "not_found"
    return Detection(verdict, least, None, 1.0, None, (), speech_s)


def _candidates(
    seeker: Seeker, search: Search, walk: bool, progress: Progress
) -> Iterator[tuple[Candidate, Mark | None]]:
    """Mark after mark, each hidden before the next is sought, and at last the candidate that was none."""
    plan, enough = families(search), math.log(ALPHA)
    for number in range(MOST_MARKS):
        best = seeker.best(plan, enough, progress if number == 0 else lambda done: None)
        if walk and best.log_p > enough and number == 0:
            best = min(best, seeker.along_outputs(), key=lambda one: one.log_p)
        mark = _mark(seeker, best, number + 1) if best.log_p <= enough else None
        yield best, mark
        if mark is None or not mark.spans:
            return
        seeker = replace(seeker, hidden=(*seeker.hidden, *((start - 0.1, end + 0.1) for start, end, _ in mark.spans)))
        if sum(end - start for start, end in seeker.hidden) > seeker.length_s - 1.0:
            return
        plan = families("none")


def examine(seeker: Seeker, plan: Sequence[Family]) -> tuple[float, Mark | None]:
    """One look along a plan of one's own: the p-value of the best line, and the mark when it is at most 1e-6."""
    best = seeker.best(plan, math.log(ALPHA), lambda done: None)
    return p_value(best.log_p), _mark(seeker, best, 1) if best.log_p <= math.log(ALPHA) else None


def _mark(seeker: Seeker, found: Candidate, read_so_far: int) -> Mark:
    """Read the payload on the line that was found and say where the mark is."""
    fine = found.line.scale == Scale() or found.claim.record is not None  # a listed output's line is fine already
    line = found.line if fine else settled(seeker.evidence, found)
    reading = read(found.key, seeker.evidence(line.scale.pitch), line, 0.0, seeker.length_s, found.claim)
    record, log_p = _record_of(seeker, found, reading)
    log_p += math.log(read_so_far)
    if log_p > math.log(ALPHA):
        record, log_p = None, 0.0
    spans = spans_of(reading, seeker.length_s)
    return Mark(found.key, line, p_value(found.log_p), record, p_value(log_p), spans, reading)


def _record_of(seeker: Seeker, found: Candidate, reading: Reading) -> tuple[int | None, float]:
    """The record on a line and ln of its p-value: the key's only one, the one that is read, or the nearest listed."""
    if found.key.record is not None:  # the key marks nothing else, so that it is there says which record it is
        return found.key.record, found.log_p
    record, log_p = read_record(found.key, reading)
    if log_p <= math.log(ALPHA):
        return record, log_p
    listed = [some for some in seeker.outputs if some.key == found.key]
    window, count = found.line.covering(*found.window)
    records = [record for some in listed for record in some.meeting(window.place, count)]
    record, log_p = nearest_record(found.key, reading, records)
    if found.claim.record is not None:  # its payload symbols had a word in where the line lies
        log_p += math.log(NEIGHBOURS_AS_IS if found.line.scale == Scale() else NEIGHBOURS)
    return record, min(log_p, 0.0)


def check(
    samples: Floats,
    rate_hz: int,
    key: MarkKey,
    record: int,
    salt: int,
    start: int,
    *,
    shift_s: float = 0.0,
    chosen_of: int = CHOICES,
) -> float:
    """Read one known record back at its known place: a p-value for one hypothesis.

    Args:
        samples: float32 (T,), the output as decoded from the bytes that will be released.
        chosen_of: how many places the embedder chose among; 1 when the vocoder marked at a random place.
        shift_s: where the output begins in `samples`; delays of codecs up to 80 ms are found and paid for.

    Returns:
        The bound on the chance that audio without this mark agrees so well, between 0 and 1. One spoken
        word on a clean channel gives less than 1e-6; see README for seconds per channel. Pilots belong to the
        place, not to the record: where the payload symbols alone do not speak for this record at `APART`, the
        answer is how well they do.
    """
    clip_s = len(samples) / rate_hz
    evidence = judged(frames.power(samples, rate_hz))
    shifts = np.arange(-0.080, 0.0801, SYMBOL_S / 4) + shift_s
    best = most = apart = 0.0
    for shift in shifts:
        reading = read(key, evidence, Line(place_of(salt, start), float(shift)), 0.0, clip_s)
        signs = reading.chips.carrying(word_of(key, record))
        for profile in PROFILES:
            best = min(best, float(log_tail(reading.score(profile, signs))))
            if (pilots := reading.score(profile)) > most:  # chosen without a look at the payload: nothing to pay
                most, apart = pilots, float(log_tail(reading.score(profile, signs * ~reading.chips.pilot)))
    log_p = min(best + math.log(len(shifts) * len(PROFILES) * chosen_of), 0.0)
    return p_value(log_p if apart <= math.log(APART) else max(log_p, apart))
