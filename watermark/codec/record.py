"""Reads the payload on a line that is already known to be ours.

Shapes: K symbol times, B bands.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watermark.codec.bounds import log_tail
from watermark.codec.keys import MarkKey
from watermark.codec.payload import RECORD_BITS, WORD, read_words, word_of, words_of
from watermark.codec.search import Reading

Floats = npt.NDArray[np.float32]

EXPECTED = 10.0  # pilots of full agreement that the expected weight counts as much as


def band_weights(reading: Reading) -> Floats:
    """How well each band of this channel speaks, learned from the pilots alone: (B,), never negative.

    Evidence is meant as what a sign is expected to be, so it should agree with the pilots as much as it has power: a
    weight of 1, unless the pilots say otherwise. Pilots say nothing about payload signs, so weights from them leave
    the record's p-value intact.
    """
    pilots = reading.chips.signs * reading.chips.pilot
    agree = (reading.values * pilots).sum(axis=0)
    power = (reading.values**2 * reading.chips.pilot).sum(axis=0)
    kernel = np.ones(7)
    smooth = (np.convolve(agree, kernel, "same") + EXPECTED) / (np.convolve(power, kernel, "same") + EXPECTED)
    return np.maximum(smooth, 0.0).astype(np.float32)


def leanings(reading: Reading, weights: Floats) -> tuple[Floats, float]:
    """Soft evidence for each of the 512 payload signs (512,), and the norm that makes a score of its sums."""
    free = ~reading.chips.pilot
    weighted = (reading.values * reading.chips.signs * weights)[free]
    sums = np.bincount(reading.chips.code[free], weighted, WORD).astype(np.float32)
    return sums, float(np.sqrt((weighted.astype(np.float64) ** 2).sum()))


def read_record(key: MarkKey, reading: Reading) -> tuple[int | None, float]:
    """The record on a line, and ln of the chance that any of 2^48 words agrees so well; (None, 0) if unread.

    The bound counts each payload symbol as a keyed sign of its own, which it is.
    """
    sums, norm = leanings(reading, band_weights(reading))
    record = read_words(key, sums[None])[0] if norm > 0 else None
    if record is None:
        return None, 0.0
    score = float(sums @ word_of(key, record)) / norm
    return record, min(float(log_tail(score)) + RECORD_BITS * math.log(2), 0.0)


def nearest_record(key: MarkKey, reading: Reading, records: Sequence[int]) -> tuple[int | None, float]:
    """The best of a closed list of records, and ln of its p-value with the list paid for.

    The score is normed by the 512 sums themselves: whether the clip is unmarked or carries a record that is
    not on the list, the words of randomly drawn ids agree with it by chance only, and the bound holds.
    """
    sums, _ = leanings(reading, band_weights(reading))
    norm = float(np.sqrt((sums.astype(np.float64) ** 2).sum()))
    if norm == 0 or not records:
        return None, 0.0
    scores = words_of(key, records).astype(np.float32) @ sums / norm
    best = int(scores.argmax())
    return records[best], min(float(log_tail(scores[best])) + math.log(len(records)), 0.0)
