"""Reading a mark back, and what a search says, as values."""

from __future__ import annotations

import numpy as np
import pytest

from audio.clip import Clip
from audio.decode import decode
from audio.encode import Format, decode_raw, encode
from watermark.codec.keys import MarkKey
from watermark.errors import MarkUnreadable
from watermark.findings import PLACES, READ_BACK_BOUND, look, read_back

KEY = MarkKey(bytes(range(32)))
RECORD = 0x1234_5678_9ABC


def test_a_marked_clip_is_ours_with_its_record(speak):
    finding = look(speak(key=KEY, record=RECORD), [KEY], "quick")
    assert finding.verdict == "ours"
    assert finding.decides
    assert finding.marks[0].record == RECORD
    assert finding.columns["marks"][0]["record"] == "123456789abc"


def test_an_unmarked_clip_is_not_ours_and_the_quick_look_decides_nothing(speak):
    finding = look(speak(), [KEY], "quick")
    assert finding.verdict != "ours"
    assert not finding.decides


def test_each_channel_of_a_stereo_clip_is_searched(speak):
    marked, plain = speak(key=KEY, record=RECORD), speak(seed=3)
    length = min(marked.frames, plain.frames)
    both = Clip(np.stack([plain.samples[:length], marked.samples[:length]]), marked.rate_hz)
    finding = look(both, [KEY], "quick")
    assert finding.marks[0].record == RECORD
    assert finding.searched["channels"] == 2


@pytest.mark.parametrize("to", list(Format))
def test_the_mark_is_read_back_from_the_bytes_of_every_format(speak, to):
    encoded = encode(speak(key=KEY, record=RECORD), to)
    clip = decode_raw(encoded) if to in (Format.PCM, Format.MULAW) else decode(encoded.data)
    seen = read_back(clip.mono(), KEY, RECORD, (5, 77))
    assert seen.read_back_p <= READ_BACK_BOUND
    assert seen.blind
    assert seen.markable_s > 2


def test_the_read_back_refuses_an_unmarked_sound(speak):
    with pytest.raises(MarkUnreadable):
        read_back(speak(), KEY, RECORD, (5, 77))


def test_the_read_back_refuses_another_place(speak):
    with pytest.raises(MarkUnreadable):
        read_back(speak(key=KEY, record=RECORD), KEY, RECORD, (6, 77))


def test_the_read_back_refuses_another_record_at_the_same_place(speak):
    # The pilots alone would pass: they belong to the place, not to the record.
    with pytest.raises(MarkUnreadable):
        read_back(speak(key=KEY, record=RECORD), KEY, RECORD + 1, (5, 77))


@pytest.mark.parametrize("word", ["Yes.", "No.", "Six."])
def test_one_word_can_leave_by_telephone_when_some_places_are_tried(speak, word):
    for attempt in range(3):
        assert any(_leaves(speak, word, attempt, salt) for salt in range(PLACES))


def _leaves(speak, word: str, attempt: int, salt: int) -> bool:
    encoded = encode(speak(word, KEY, RECORD + attempt, salt=salt, start=91, seed=attempt), Format.MULAW)
    try:
        read_back(decode_raw(encoded), KEY, RECORD + attempt, (salt, 91))
    except MarkUnreadable:
        return False
    return True
