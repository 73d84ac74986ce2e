"""The p-value: a bound for any weights, and the null of real speech under wrong keys."""

import itertools
import math

import numpy as np
import pytest

from watermark.codec import frames
from watermark.codec.bounds import log_tail, p_value, score_needed
from watermark.codec.detect import Detection, detect
from watermark.codec.evidence import evidence_of, judged
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import LENGTH, Pattern, place_of
from watermark.codec.payload import word_of, words_of
from watermark.codec.refine import log_p_of, log_p_of_words


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_holds_exactly_for_small_sums(seed: int) -> None:
    """All 2^14 sign patterns of arbitrary weights: the true tail never exceeds the bound."""
    weights = np.random.default_rng(seed).standard_exponential(14) ** (1 + seed / 2)
    signs = np.array(list(itertools.product([-1, 1], repeat=14)))
    scores = signs @ weights / np.sqrt((weights**2).sum())
    for t in np.linspace(0.1, 3.7, 30):
        assert (scores >= t - 1e-9).mean() <= math.exp(float(log_tail(t))) + 1e-12


def test_a_negative_score_proves_nothing() -> None:
    assert float(log_tail(-5.0)) == 0.0
    assert p_value(3.0) == 1.0
    assert p_value(-1e9) > 0.0


def test_the_score_needed_is_the_inverse_of_the_bound() -> None:
    score = score_needed(1e-6, 1e7)
    assert math.exp(float(log_tail(score))) * 1e7 == pytest.approx(1e-6, rel=1e-6)
    assert 7.2 < score < 7.6


@pytest.mark.parametrize("name", ["woman", "man"])
@pytest.mark.parametrize("front_end", [evidence_of, judged])
def test_wrong_keys_on_real_speech_stay_within_the_bound(speech, name: str, front_end) -> None:
    """200,000 random sign patterns at a fixed place: standard normal, and below the bound at every level."""
    samples, rate_hz = speech(name)
    values = front_end(frames.power(samples, rate_hz)).at(0.0, 200)[:, :22].reshape(-1)
    rng, scores = np.random.default_rng(5), []
    for _ in range(20):
        signs = 1 - 2 * np.unpackbits(np.frombuffer(rng.bytes(10_000 * 550), np.uint8)).astype(np.int8)
        scores.append(signs.reshape(10_000, -1)[:, : len(values)].astype(np.float32) @ values)
    score = np.concatenate(scores) / np.sqrt((values**2).sum())
    assert score.std() == pytest.approx(1.0, abs=0.01)
    for t in (2.0, 3.0, 4.0):
        allowed = len(score) * math.exp(float(log_tail(t)))
        assert (score > t).sum() <= allowed + 3 * math.sqrt(allowed)


def test_parts_of_a_window_are_paid_for(speech) -> None:
    """2,000 wrong keys, whole window and ten parts each: no more small p-values than they claim."""
    samples, rate_hz = speech("man")
    values = judged(frames.power(samples, rate_hz)).at(0.0, 250)
    rng = np.random.default_rng(6)
    signs = rng.choice(np.array([-1, 0, 1], np.int8), (2000, *values.shape))
    log_p = np.array([log_p_of(values, one) for one in signs]) + math.log(3)  # three profiles
    for p in (0.1, 0.01):
        allowed = 2000 * p
        assert (log_p <= math.log(p)).sum() <= allowed + 3 * math.sqrt(allowed)


def test_an_output_is_scored_as_its_signs_are(marked, key, record) -> None:
    """All outputs of a line at once, and each by itself."""
    made = marked("man")
    values = judged(frames.power(made.samples, made.rate_hz)).at(0.0, 203)
    chips, records = Pattern(key).chips(place_of(made.salt, made.start), 203), [5, record, 12345]
    one_by_one = [float(log_p_of(values, chips.carrying(word_of(key, one)))) for one in records]
    assert log_p_of_words(values, chips, words_of(key, records)) == pytest.approx(one_by_one, abs=1e-3)
    assert one_by_one[1] < min(one_by_one[0], one_by_one[2]) - 50.0


def test_outputs_of_a_list_are_paid_for(speech) -> None:
    """200 wrong keys x 10 outputs at their places: no more small p-values than they claim."""
    samples, rate_hz = speech("woman")
    values = judged(frames.power(samples, rate_hz)).at(0.0, 150)
    rng, log_p = np.random.default_rng(7), []
    for _ in range(200):
        key = MarkKey(rng.bytes(32))
        chips = Pattern(key).chips(int(rng.integers(LENGTH)), 150)
        records = [int(record) for record in rng.integers(2**48, size=10)]
        log_p.append(log_p_of_words(values, chips, words_of(key, records)) + math.log(3))  # three profiles
    for p in (0.1, 0.01):
        allowed = 2000 * p
        assert (np.concatenate(log_p) <= math.log(p)).sum() <= allowed + 6 * math.sqrt(allowed)


def test_unmarked_speech_is_not_ours(speech) -> None:
    """Six wrong keys, every place tried: none found (0 of 6 is only a bound of 3/6; the bench has millions)."""
    smallest = []
    for seed in range(6):
        samples, rate_hz = speech("woman" if seed % 2 else "man")
        found: Detection = detect(samples, rate_hz, [MarkKey(bytes([seed]) * 32)], search="none")
        assert found.verdict == "not_found"
        assert found.record is None
        smallest.append(found.p_value)
    assert min(smallest) > 1e-3
