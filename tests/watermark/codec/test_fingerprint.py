"""The fingerprint: the same words match through a bad line, other words do not."""

import numpy as np
import pytest

from watermark.codec.fingerprint import fingerprint, match


def test_the_same_speech_matches_where_it_lies(speech) -> None:
    samples, rate_hz = speech("woman")
    found = match(fingerprint(samples, rate_hz), samples[2 * rate_hz : 5 * rate_hz], rate_hz)
    assert found.content == "matches"
    assert found.offset_s == pytest.approx(2.0, abs=0.1)


def test_it_survives_noise_and_another_rate(speech) -> None:
    samples, rate_hz = speech("man")
    noise = np.random.default_rng(1).standard_normal(len(samples)).astype(np.float32)
    heard = samples + 0.3 * float(np.sqrt((samples**2).mean())) * noise
    assert match(fingerprint(samples, rate_hz), heard[::3], rate_hz // 3).content == "matches"


def test_other_speech_differs(speech) -> None:
    (man, rate_hz), (woman, _) = speech("man"), speech("woman")
    found = match(fingerprint(man, rate_hz), woman, rate_hz)
    assert found.content == "differs"
    assert found.p_value > 1e-4


def test_a_mark_moved_to_other_speech_is_found_out(speech, marked, key, record) -> None:
    """The perfect copy attack: the true gains of one output on another's speech."""
    from watermark.codec.detect import detect
    from watermark.codec.field import gain_field
    from watermark.codec.transform import frame_and_hop, multiplied

    made = marked("woman")
    other, rate_hz = speech("man")
    frame, hop = frame_and_hop(rate_hz)
    stolen = gain_field(key, record, made.salt, made.start, rate_hz=rate_hz, n_fft=frame, hop=hop)
    planted = multiplied(other, stolen, frame, hop)
    assert detect(planted, rate_hz, [key], search="none").record == record
    assert match(fingerprint(made.samples, rate_hz), planted, rate_hz).content == "differs"
    assert match(fingerprint(made.samples, rate_hz), made.samples, rate_hz).content == "matches"


def test_too_little_to_compare_is_unknown(speech) -> None:
    samples, rate_hz = speech("man")
    assert match(fingerprint(samples, rate_hz), samples[: rate_hz // 3], rate_hz).content == "unknown"


def test_it_is_small(speech) -> None:
    samples, rate_hz = speech("woman")
    assert len(fingerprint(samples, rate_hz)) <= 70 * len(samples) / rate_hz


@pytest.mark.parametrize("stored", [b"\x02\x00\x01" + bytes(5), b"\x01\x00\x09" + bytes(5)])
def test_what_is_no_fingerprint_is_refused(speech, stored: bytes) -> None:
    with pytest.raises(ValueError, match="fingerprint"):
        match(stored, *speech("man"))
