"""Reading a mark back while the sound is still being made: window after window, each before it leaves.

The whole output is not there yet, so the question is asked of its newest stretch. Half a second of speech answers
it with a chance of error below 1e-12 on a clean channel; where there is less - a breath, the end of a word - more
is heard before anything leaves. Silence carries no mark and needs none.

Each answer holds for its own stretch: sound without our mark passes one window with a chance of READ_BACK_BOUND at
most, so n windows with n times that.

Shapes: T samples.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from watermark.codec.bounds import log_tail, p_value
from watermark.codec.evidence import evidence_of, markable_s
from watermark.codec.frames import power
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import place_of
from watermark.codec.payload import word_of
from watermark.codec.search import PROFILES, Line, Reading, read
from watermark.errors import MarkUnreadable
from watermark.findings import PLACES, READ_BACK_BOUND, Place

NEWEST_S = 0.75  # the stretch that is asked first; longer when more is held back
LONGER_S = 2.5  # the stretch that is asked where the new part is mostly pause
ALONE_S = 0.4  # a new part with so much speech has to show the mark by itself, or one window could hide behind the last
RECORD_BOUND = 1e-3  # of the symbols that tell one record from another, which are half of all: against a mix-up
ENOUGH_S = 1.0  # speech that has to show its mark, or there is none
LEAST_S = 0.05  # less than this is no speech: a click, the tail of a breath

Floats = npt.NDArray[np.float32]


class RollingReadBack:
    """Hears one output from its beginning; says when what was heard may leave.

    Args:
        rate_hz: of what is heard, 8 kHz or more.
        key, record, place: the one mark that has to be in it.

    Attributes:
        worst_p: the greatest p-value that let something pass; 0 before anything did.
        markable_s: speech that has passed, in seconds.
    """

    def __init__(self, rate_hz: int, key: MarkKey, record: int, place: Place) -> None:
        self._rate_hz, self._key, self._record, self._place = rate_hz, key, record, place
        self._recent = np.zeros(0, np.float32)
        self._heard = self._held = 0  # samples: since the beginning, and since the last that may leave
        self.worst_p, self.markable_s = 0.0, 0.0

    def hear(self, window: Floats) -> bool:
        """Take the next window; True when it and all that was held back may leave, False to hold it back too.

        Raises:
            MarkUnreadable: there is speech enough, and the mark is not in it.
        """
        self._recent = np.concatenate([self._recent, window])
        self._heard += len(window)
        self._held += len(window)
        return self._judged(ENOUGH_S)

    def finish(self) -> None:
        """The output is over: what is still held back leaves or nothing more does.

        Raises:
            MarkUnreadable: it holds speech without the mark.
        """
        if self._held and not self._judged(LEAST_S):
            raise MarkUnreadable

    def _judged(self, enough_s: float) -> bool:
        speech_s = self._speech_s(self._held)
        if speech_s < LEAST_S:
            # Silence follows what has shown its mark; before that it waits.
            return self.worst_p > 0.0 and self._passed(0.0, 0.0)
        p = self._p_of(NEWEST_S)
        if p > READ_BACK_BOUND and speech_s < ALONE_S:
            p = self._p_of(LONGER_S)
        if p <= READ_BACK_BOUND:
            return self._passed(speech_s, p)
        if speech_s >= enough_s:
            raise MarkUnreadable(p_value=p)
        return False

    def _passed(self, speech_s: float, p: float) -> bool:
        self.markable_s += speech_s
        self.worst_p = max(self.worst_p, p)
        self._held = 0
        self._recent = self._recent[-round(LONGER_S * self._rate_hz) :]
        return True

    def _speech_s(self, count: int) -> float:
        return float(markable_s(power(self._recent[-count:], self._rate_hz))) if count else 0.0

    def _p_of(self, length_s: float) -> float:
        """The bound on the chance that the newest stretch agrees so well without the mark; 1 for another record's."""
        newest = self._recent[-max(self._held, round(length_s * self._rate_hz)) :]
        begins_s = (self._heard - len(newest)) / self._rate_hz
        evidence = evidence_of(power(newest, self._rate_hz))
        reading = read(self._key, evidence, Line(place_of(*self._place), -begins_s), 0.0, len(newest) / self._rate_hz)
        signs = reading.chips.carrying(word_of(self._key, self._record))
        told = signs * ~reading.chips.pilot
        if _least(reading, told) > RECORD_BOUND:
            return 1.0
        return min(1.0, PLACES * _least(reading, signs))


def _least(reading: Reading, signs: npt.NDArray[np.int8]) -> float:
    """The least p-value over the profiles, all of them paid for."""
    best = min(float(log_tail(reading.score(profile, signs))) for profile in PROFILES)
    return p_value(best + math.log(len(PROFILES)))
