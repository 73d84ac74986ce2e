"""Detection on real speech: found, read, placed in time; and what must not be found."""

import numpy as np
import pytest
from scipy.signal import butter, resample_poly, sosfilt

from watermark.codec.detect import check, detect
from watermark.codec.embed import embed
from watermark.codec.frames import resampled
from watermark.codec.keys import MarkKey
from watermark.codec.outputs import Output, Outputs
from watermark.codec.pattern import LENGTH, place_of


def telephone(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """300-3400 Hz, 8 kHz, mu-law and back."""
    band = butter(4, [300, 3400], "bandpass", fs=rate_hz, output="sos")
    narrow = resampled(sosfilt(band, samples).astype(np.float32), rate_hz, 8000)
    coded = np.round(127 * np.sign(narrow) * np.log1p(255 * np.abs(np.clip(narrow, -1, 1))) / np.log(256)) / 127
    return (np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255).astype(np.float32)


@pytest.mark.parametrize("name", ["woman", "man"])
def test_a_marked_clip_is_ours_and_names_its_record(marked, key, record, name: str) -> None:
    made = marked(name)
    found = detect(made.samples, made.rate_hz, [key], search="none")
    assert (found.verdict, found.record, found.epoch) == ("ours", record, 0)
    assert found.p_value < 1e-20
    assert found.record_p_value < 1e-6


def test_three_seconds_of_a_telephone_call_are_enough(marked, key, record) -> None:
    made = marked("woman")
    heard = telephone(made.samples, made.rate_hz)
    found = detect(heard[8000:32000], 8000, [key], search="none")
    assert (found.verdict, found.record) == ("ours", record)


def test_level_and_polarity_do_not_matter(marked, key, record) -> None:
    made = marked("man")
    assert detect(-0.02 * made.samples, made.rate_hz, [key], search="none").record == record


def test_a_rotated_key_still_reads_old_marks(marked, key, record) -> None:
    made = marked("man")
    found = detect(made.samples, made.rate_hz, [MarkKey(key.master, 1), key], search="none")
    assert (found.record, found.epoch) == (record, 0)


def test_the_wrong_epoch_alone_reads_nothing(marked, key) -> None:
    made = marked("man")
    assert detect(made.samples, made.rate_hz, [MarkKey(key.master, 1)], search="none").verdict == "not_found"


def test_changed_speed_is_found_by_the_quick_search(marked, key, record) -> None:
    made = marked("woman")
    faster = resample_poly(made.samples, 100, 106).astype(np.float32)
    assert detect(faster, made.rate_hz, [key], search="none").record is None
    found = detect(faster, made.rate_hz, [key], search="quick")
    assert (found.verdict, found.record) == ("ours", record)
    assert found.marks[0].line.scale.pitch == pytest.approx(1.06, abs=0.01)


def test_the_mark_is_placed_in_time(speech, marked, key) -> None:
    samples, rate_hz = speech("man")
    made = marked("woman")
    clip = np.concatenate([samples, made.samples, samples])
    found = detect(clip, rate_hz, [key], search="none")
    (start_s, end_s, p_value), *others = found.spans
    assert not others
    assert start_s == pytest.approx(len(samples) / rate_hz, abs=0.5)
    assert end_s == pytest.approx((len(samples) + len(made.samples)) / rate_hz, abs=0.5)
    assert p_value < 1e-10


def test_two_records_in_one_file_are_found_apart(speech, marked, key, record) -> None:
    first = marked("woman")
    samples, rate_hz = speech("man")
    second = embed(samples, rate_hz, key, record + 1)
    found = detect(np.concatenate([first.samples, second.samples]), rate_hz, [key], search="none")
    assert {mark.record for mark in found.marks} == {record, record + 1}


def test_marks_of_two_deployments_do_not_kill_each_other(marked, key, record) -> None:
    other = MarkKey(b"another deployment's master key!")
    made = marked("woman")
    twice = embed(made.samples, made.rate_hz, other, record + 5)
    assert detect(twice.samples, made.rate_hz, [key], search="none").record == record
    assert detect(twice.samples, made.rate_hz, [other], search="none").record == record + 5


def test_each_channel_of_stereo_is_searched(speech, marked, key, record) -> None:
    made = marked("woman")
    samples, rate_hz = speech("man")
    count = min(len(samples), len(made.samples))
    stereo = np.stack([samples[:count], made.samples[:count]], axis=1)
    assert detect(stereo, rate_hz, [key], search="none").record == record


@pytest.mark.parametrize("sound", [np.zeros(0, np.float32), np.zeros(80_000, np.float32), np.full(9, 0.1, np.float32)])
def test_nothing_to_hear_is_inconclusive(key, sound) -> None:
    found = detect(sound, 16000, [key], search="none")
    assert (found.verdict, found.p_value, found.spans) == ("inconclusive", 1.0, ())


def test_noise_and_tones_are_not_ours(key) -> None:
    rng = np.random.default_rng(8)
    tone = np.sin(2 * np.pi * 440 * np.arange(64_000) / 16000).astype(np.float32)
    for sound in (rng.standard_normal(64_000).astype(np.float32) * 0.1, tone):
        assert detect(sound, 16000, [key], search="none").verdict != "ours"


def in_noise(marked, ratio: float, length_s: float) -> np.ndarray:
    """The beginning of the woman's marked clip under white noise, `ratio` of its own root mean square."""
    made = marked("woman")
    noise = np.random.default_rng(1).standard_normal(len(made.samples)).astype(np.float32)
    loud = float(np.sqrt((made.samples**2).mean()))
    return (made.samples + ratio * loud * noise)[: int(length_s * made.rate_hz)]


def listed(key, *first: Output, count: int = 2000) -> Outputs:
    """`first`, and as many others as a log of `count` outputs of 4 s has."""
    rng = np.random.default_rng(2)
    records, places = rng.integers(2**48, size=count - len(first)), rng.integers(LENGTH, size=count - len(first))
    pairs = zip(records, places, strict=True)
    return Outputs.of(key, [*first, *(Output(int(record), int(place), 4.0) for record, place in pairs)])


def test_a_list_of_outputs_finds_and_names_what_pilots_and_open_bits_cannot(marked, key, record) -> None:
    made, heard = marked("woman"), in_noise(marked, 0.8, 2.0)
    assert detect(heard, made.rate_hz, [key], search="none").verdict != "ours"
    log = listed(key, Output(record, place_of(made.salt, made.start), 4.0))
    found = detect(heard, made.rate_hz, [key], search="none", outputs=[log])
    assert (found.verdict, found.record) == ("ours", record)
    assert found.spans[0][:2] == pytest.approx((0.0, 2.0), abs=0.4)
    unlisted = detect(heard, made.rate_hz, [key], search="none", outputs=[listed(key)])
    assert (unlisted.verdict == "ours", unlisted.record) == (False, None)


def test_a_record_that_only_lies_at_the_same_place_is_not_named(marked, key, record) -> None:
    """Pilots are the place's: clear as they are, they must not speak for a record that is not there."""
    made, heard = marked("woman"), in_noise(marked, 0.6, 2.0)
    place = place_of(made.salt, made.start)
    there = [Output(record + 1 + number, place, 4.0) for number in range(50)]
    found = detect(heard, made.rate_hz, [key], search="none", outputs=[listed(key, *there)])
    assert (found.verdict, found.record) == ("ours", None)
    with_ours = listed(key, *there, Output(record, place, 4.0))
    assert detect(heard, made.rate_hz, [key], search="none", outputs=[with_ours]).record == record


def test_a_longer_list_costs_more(marked, key, record) -> None:
    """What a list adds to the search is paid for: ten times the outputs, ten times the p-value."""
    made, heard = marked("woman"), in_noise(marked, 0.8, 2.0)
    ours = Output(record, place_of(made.salt, made.start), 4.0)
    short, long = (
        detect(heard, made.rate_hz, [key], search="none", outputs=[listed(key, ours, count=count)]).p_value
        for count in (1000, 10_000)
    )
    assert long / short == pytest.approx(10.0)


def test_with_a_list_what_is_not_on_it_is_found_as_before(marked, key, record) -> None:
    made = marked("man")
    alone = detect(made.samples, made.rate_hz, [key], search="none")
    beside = detect(made.samples, made.rate_hz, [key], search="none", outputs=[listed(key)])
    assert (beside.verdict, beside.record, beside.spans) == (alone.verdict, record, alone.spans)
    assert beside.p_value / alone.p_value == pytest.approx(1 / 0.7)
    empty = detect(made.samples, made.rate_hz, [key], search="none", outputs=[Outputs.of(key, [])])
    assert empty.p_value == alone.p_value


def test_progress_is_told_and_ends_at_one(marked, key) -> None:
    made, told = marked("man"), []
    detect(made.samples, made.rate_hz, [key], search="none", progress=told.append)
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_check_reads_one_spoken_word(marked, key, record) -> None:
    made = marked("woman")
    word = made.samples[int(0.5 * made.rate_hz) : int(1.2 * made.rate_hz)]
    assert check(word, made.rate_hz, key, record, made.salt, made.start, shift_s=-0.5) < 1e-6


def test_check_forgives_the_delay_of_a_codec(marked, key, record) -> None:
    made = marked("man")
    late = np.concatenate([np.zeros(int(0.06 * made.rate_hz), np.float32), made.samples])
    assert check(late, made.rate_hz, key, record, made.salt, made.start) < 1e-20


def test_check_refuses_other_records_places_keys_and_the_clean_clip(speech, marked, key, record) -> None:
    made = marked("woman")
    samples, rate_hz = speech("woman")
    place = (made.salt, made.start)
    assert check(samples, rate_hz, key, record, *place) > 1e-4
    assert check(made.samples, rate_hz, MarkKey(key.master, 1), record, *place) > 1e-4
    assert check(made.samples, rate_hz, key, record, made.salt, made.start + 50) > 1e-4


@pytest.mark.parametrize("seconds", [0.8, 3.0])
def test_a_check_tells_records_at_the_same_place_apart(marked, key, record, seconds: float) -> None:
    """Their pilots are the same: only the payload symbols speak against the wrong one."""
    made = marked("woman")
    cut = made.samples[: int(seconds * made.rate_hz)]
    assert check(cut, made.rate_hz, key, record, made.salt, made.start) < 1e-6
    for other in (record + 1, record ^ (1 << 47), 0):
        assert check(cut, made.rate_hz, key, other, made.salt, made.start) > 1e-3
