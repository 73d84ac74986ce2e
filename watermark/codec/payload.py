"""The record id as it lies in the sound: 48 bits + 16 keyed check bits -> 512 signs.

Format 1. A change of any constant here or in `pattern.py` makes old marks unreadable, so it gets a new
version, and the old one stays readable for as long as its keys are held.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from watermark.codec import polar
from watermark.codec.keys import MarkKey, check_of

RECORD_BITS = 48
CHECK_BITS = 16
WORD = polar.N


def word_of(key: MarkKey, record: int) -> npt.NDArray[np.int8]:
    """The 512 signs (+1, -1) that stand for `record` under this key.

    Raises:
        ValueError: the record does not fit 48 bits.
    """
    return np.asarray(words_of(key, [record])[0], np.int8)


def words_of(key: MarkKey, records: Sequence[int]) -> npt.NDArray[np.int8]:
    """Signs for many records, shape (R, 512)."""
    if any(record < 0 or record >> RECORD_BITS for record in records):
        raise ValueError("a record id has 48 bits")
    whole = np.array([(record << CHECK_BITS) | check_of(key, record) for record in records], np.uint64)
    bits = np.unpackbits(whole.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1)
    return (1 - 2 * polar.encode(bits).astype(np.int8)).astype(np.int8)


def read_words(key: MarkKey, evidence: npt.NDArray[np.float32], *, paths: int = 16) -> list[int | None]:
    """The record each row of soft evidence (B, 512) spells, or None when no candidate passes its check."""
    bits, _ = polar.decode(evidence, paths)
    numbers = np.packbits(bits, axis=-1).view(">u8")[..., 0]
    return [_first_valid(key, [int(number) for number in row]) for row in numbers]


def _first_valid(key: MarkKey, numbers: Sequence[int]) -> int | None:
    for number in numbers:
        record, check = number >> CHECK_BITS, number & ((1 << CHECK_BITS) - 1)
        if check_of(key, record) == check:
            return record
    return None
