"""Marking: what it changes, what it refuses, and that a stream is the same as a whole."""

import numpy as np
import pytest

from watermark.codec.detect import check
from watermark.codec.embed import StreamEmbedder, embed, new_place
from watermark.codec.errors import TooShortToMark
from watermark.codec.field import gain_field
from watermark.codec.frames import resampled


def test_the_mark_is_a_small_change(speech, marked) -> None:
    samples, _ = speech("woman")
    change = marked("woman").samples - samples
    snr_db = 10 * np.log10((samples**2).sum() / (change**2).sum())
    assert 14 < snr_db < 30


def test_silence_stays_silent(speech, key, record) -> None:
    samples, rate_hz = speech("man")
    quiet = np.concatenate([samples, np.zeros(rate_hz, np.float32), samples])
    made = embed(quiet, rate_hz, key, record).samples
    middle = slice(len(samples) + rate_hz // 20, len(samples) + rate_hz - rate_hz // 20)
    assert not made[middle].any()


@pytest.mark.parametrize("sound", [np.zeros(24000, np.float32), np.zeros(0, np.float32), np.full(400, 0.1, np.float32)])
def test_what_cannot_carry_a_mark_is_refused(key, record, sound) -> None:
    with pytest.raises(TooShortToMark):
        embed(sound, 24000, key, record)


def test_a_stream_in_any_pieces_gives_the_same_samples(speech, key, record) -> None:
    samples, rate_hz = speech("woman")
    whole, stream = (StreamEmbedder(rate_hz, key, record, 3, 100) for _ in range(2))
    wanted = np.concatenate([whole.push(samples), whole.finish()])
    rng, pieces, first = np.random.default_rng(2), [], 0
    while first < len(samples):
        count = int(rng.integers(1, 4000))
        pieces.append(stream.push(samples[first : first + count]))
        first += count
    pieces.append(stream.finish())
    np.testing.assert_allclose(np.concatenate(pieces), wanted, atol=1e-6)
    assert check(wanted, rate_hz, key, record, 3, 100) < 1e-20


@pytest.mark.parametrize("to_hz", [8000, 16000, 24000, 44100])
def test_a_stream_is_never_more_than_25_ms_behind(speech, key, record, to_hz: int) -> None:
    samples, rate_hz = speech("man")
    clip, step = resampled(samples[:rate_hz], rate_hz, to_hz), to_hz // 1000
    stream, given = StreamEmbedder(to_hz, key, record, *new_place()), 0
    for taken in range(step, len(clip), step):
        given += len(stream.push(clip[taken - step : taken]))
        assert taken - given <= 0.025 * to_hz


def test_the_field_is_the_same_however_it_is_cut(key, record) -> None:
    gains = gain_field(key, record, 3, 100, rate_hz=24000)
    whole = gains(0, 200)
    pieces = np.concatenate([gains(first, 7) for first in range(0, 203, 7)])[:200]
    np.testing.assert_allclose(pieces, whole, rtol=1e-5)


def test_the_field_is_defined_in_hz_and_seconds(key, record) -> None:
    """At twice the rate and twice the frame, the bins both have carry the same gains."""
    low = gain_field(key, record, 3, 100, rate_hz=16000, n_fft=640, hop=160)(0, 100)
    high = gain_field(key, record, 3, 100, rate_hz=32000, n_fft=1280, hop=320)(0, 100)
    np.testing.assert_allclose(high[:, :321], low, rtol=1e-4)


def test_records_keys_and_places_make_different_fields(key, record) -> None:
    def field(*what: int) -> np.ndarray:
        return np.log(gain_field(key, *what, rate_hz=16000)(0, 400)).reshape(-1)

    base = field(record, 3, 100)
    for other in (field(record + 1, 3, 100), field(record, 4, 100), field(record, 3, 101)):
        assert np.corrcoef(base, other)[0, 1] < 0.7


def test_places_are_drawn_afresh() -> None:
    assert len({new_place() for _ in range(50)}) == 50


def test_the_clip_keeps_length_and_rate_at_any_rate(speech, key, record) -> None:
    samples, rate_hz = speech("man")
    for to_hz in (8000, 22050, 44100):
        clip = resampled(samples[: 2 * rate_hz], rate_hz, to_hz)
        assert len(embed(clip, to_hz, key, record).samples) == len(clip)
