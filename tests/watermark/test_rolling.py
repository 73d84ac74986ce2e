"""Reading the mark back while the sound is made: nothing passes that does not carry it, window by window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import Clip
from audio.g711 import mulaw_decode, mulaw_encode
from audio.resample import resample
from audio.wav import to_pcm16
from watermark.codec.embed import embed
from watermark.codec.keys import MarkKey
from watermark.errors import MarkUnreadable
from watermark.findings import READ_BACK_BOUND
from watermark.rolling import RollingReadBack

KEY = MarkKey(b"r" * 32)
RECORD = 0x123456789ABC
WINDOW_S = 0.96


VECTORS = Path(__file__).parents[1] / "vectors" / "speech"


@pytest.fixture(scope="module", params=["woman", "man"])
def speech(request) -> Clip:
    samples, rate_hz = soundfile.read(VECTORS / f"{request.param}.flac", dtype="float32")
    return Clip(samples[: 8 * rate_hz], int(rate_hz))


@pytest.fixture(scope="module")
def marked(speech):
    return embed(speech.samples, speech.rate_hz, KEY, RECORD, choices=1)


def windows(samples, rate_hz: int, window_s: float = WINDOW_S):
    size = round(window_s * rate_hz)
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def ear(marked, rate_hz: int, record: int = RECORD) -> RollingReadBack:
    return RollingReadBack(rate_hz, KEY, record, (marked.salt, marked.start))


def passed(reader: RollingReadBack, parts) -> int:
    """How many windows left before the reader refused, all when it never did."""
    left = waiting = 0
    for part in parts:
        waiting += 1
        try:
            if reader.hear(part):
                left, waiting = left + waiting, 0
        except MarkUnreadable:
            return left
    try:
        reader.finish()
    except MarkUnreadable:
        return left
    return left + waiting


@pytest.mark.parametrize("window_s", [0.25, 0.5, WINDOW_S])
def test_marked_speech_passes(marked, speech, window_s):
    reader = ear(marked, speech.rate_hz)
    parts = windows(marked.samples, speech.rate_hz, window_s)
    assert passed(reader, parts) == len(parts)
    assert 0 < reader.worst_p <= READ_BACK_BOUND
    assert reader.markable_s > 4


def test_and_so_does_what_a_telephone_leaves_of_it(marked, speech):
    narrow = resample(Clip(marked.samples, speech.rate_hz), 8000).samples
    heard = mulaw_decode(mulaw_encode(to_pcm16(narrow))).astype(np.float32) / 32768
    parts = windows(heard, 8000)
    assert passed(ear(marked, 8000), parts) == len(parts)


def test_nothing_of_unmarked_speech_passes(marked, speech):
    assert passed(ear(marked, speech.rate_hz), windows(speech.samples, speech.rate_hz)) == 0


def test_nor_of_speech_with_another_record(marked, speech):
    assert passed(ear(marked, speech.rate_hz, RECORD ^ 1), windows(marked.samples, speech.rate_hz)) == 0


@pytest.mark.parametrize("good", [2, 4])
def test_a_mark_that_stops_in_the_middle_stops_the_sound_there(marked, speech, good):
    marks, plain = windows(marked.samples, speech.rate_hz), windows(speech.samples, speech.rate_hz)
    assert passed(ear(marked, speech.rate_hz), marks[:good] + plain[good:]) == good


def test_silence_waits_for_speech_and_follows_it(marked, speech):
    silence = np.zeros(speech.rate_hz // 2, np.float32)
    reader = ear(marked, speech.rate_hz)
    assert not reader.hear(silence[:1000])
    with pytest.raises(MarkUnreadable):
        reader.finish()
    reader = ear(marked, speech.rate_hz)
    assert reader.hear(marked.samples[: speech.rate_hz])
    assert reader.hear(silence)
    reader.finish()
