"""The phrase check on recordings of a real person; the measured rates are `python -m consent.bench`'s."""

import numpy as np
import pytest

from audio.clip import Clip
from audio.decode import decode
from consent.bench import interval
from consent.phrase_check import (
    NOT_SAID_BELOW,
    SAID_FROM,
    Listener,
    check,
    judge,
    words_of,
)
from tests.consent.test_challenge import readings


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener()


def test_a_reading_is_its_own_sentence_and_no_other(listener):
    takes = readings()[:5]
    for number, (text, data) in enumerate(takes):
        clip = decode(data)
        other = takes[(number + 2) % len(takes)][0]
        assert check(clip, text, "en", lambda: listener).verdict == "said"
        assert check(clip, other, "en", lambda: listener).verdict == "not_said", (text, other)


def test_the_verdict_is_the_same_on_every_look(listener):
    text, data = readings()[1]
    assert len({check(decode(data), text, "en", lambda: listener) for _ in range(3)}) == 1


def test_half_a_sentence_goes_to_the_officer_or_is_refused(listener):
    text, data = readings()[2]
    clip = decode(data)
    half = clip.cut(0.0, clip.length_s / 2)
    assert check(half, text, "en", lambda: listener).verdict != "said"


@pytest.mark.parametrize(
    ("clip", "phrase", "locale", "reason"),
    [
        (Clip.of(np.zeros(32_000), 16_000), "Vier junge Affen zählten die goldene Kerze.", "de", "language"),
        (Clip.of(np.zeros(8_000), 16_000), "Four young monkeys counted the golden bell.", "en", "length"),
        (Clip.of(np.zeros(32_000), 16_000), "Xyzzy plugh frobnicate quuxify.", "en", "words"),
        (Clip.of(np.zeros(32_000), 16_000), "Yes indeed.", "en", "words"),
    ],
)
def test_what_it_cannot_judge_it_says_so(listener, clip, phrase, locale, reason):
    found = check(clip, phrase, locale, lambda: listener)
    assert (found.verdict, found.reason) == ("cannot_tell", reason)


def test_another_language_needs_no_recogniser():
    def never() -> Listener:
        raise AssertionError("not asked")

    assert check(Clip.of(np.zeros(32_000), 16_000), "Guten Tag.", "de-CH", never).reason == "language"


def test_silence_and_noise_say_nothing(listener):
    noise = np.random.default_rng(3).standard_normal(48_000).astype(np.float32)
    for samples in (np.zeros(48_000, np.float32), noise):
        found = check(Clip(samples, 16_000), "Four young monkeys counted the golden bell.", "en", lambda: listener)
        assert found.verdict != "said"


def test_the_verdict_follows_the_share_of_words_heard():
    words = [f"w{number}" for number in range(20)]
    for heard in range(21):
        found = judge(words, words[:heard] + ["other"] * (20 - heard))
        wanted = "said" if heard >= SAID_FROM * 20 else "not_said" if heard < NOT_SAID_BELOW * 20 else "cannot_tell"
        assert (found.verdict, found.heard, len(found.missing)) == (wanted, heard, 20 - heard)
    assert judge(words, []).missing == tuple(words)


def test_intervals_hold_what_they_say():
    low, high = interval(0, 2_000)
    assert (low, round(high, 5)) == (0.0, 0.00184)  # 3.7/N two-sided; 3/N is the one-sided rule of thumb
    assert interval(5, 5)[1] == 1.0
    assert words_of("") == []
