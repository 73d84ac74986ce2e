"""The fingerprint: the same words match through a bad line, other words do not."""

import numpy as np
import pytest

from watermark.codec.detect import detect
from watermark.codec.field import gain_field
from watermark.codec.fingerprint import fingerprint, match
from watermark.codec.transform import frame_and_hop, multiplied


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


def test_what_lies_between_chance_and_the_same_is_told_as_neither(speech, monkeypatch) -> None:
    """Somebody else's reading of a sentence came to 1e-5: no chance, and not the same sound either."""
    (man, rate_hz), (woman, _) = speech("man"), speech("woman")
    stored = fingerprint(man, rate_hz)
    p_value = match(stored, woman, rate_hz).p_value
    told = []
    for same, chance in ((p_value, p_value), (p_value / 2, p_value), (p_value / 4, p_value / 2)):
        monkeypatch.setattr("watermark.codec.fingerprint.MATCHES", same)
        monkeypatch.setattr("watermark.codec.fingerprint.CHANCE", chance)
        told.append(match(stored, woman, rate_hz).content)
    assert told == ["matches", "unknown", "differs"]


def test_other_speech_differs(speech) -> None:
    (man, rate_hz), (woman, _) = speech("man"), speech("woman")
    found = match(fingerprint(man, rate_hz), woman, rate_hz)
    assert found.content == "differs"
    assert found.p_value > 1e-4


@pytest.mark.parametrize("planted", [False, True])
def test_other_sentences_of_the_same_speaker_do_not_match(speech, key, record, planted: bool) -> None:
    """30 pairs of two seconds each, plain and all with one mark: p-values as seldom small as they say."""
    gains = gain_field(key, record, 3, 3, rate_hz=24000, n_fft=960, hop=240)
    parts = []
    for name in ("woman", "man"):
        samples, rate_hz = speech(name)
        heard = multiplied(samples, gains, 960, 240) if planted else samples
        parts += [heard[first * rate_hz : (first + 2) * rate_hz] for first in (0, 2, 4)]
    found = [match(fingerprint(one, 24000), other, 24000) for one in parts for other in parts if one is not other]
    assert "matches" not in {one.content for one in found}
    assert min(one.p_value for one in found) > 1e-3


def test_a_mark_moved_to_other_speech_is_found_out(speech, marked, key, record) -> None:
    """The perfect copy attack: the true gains of one output on another's speech."""
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
