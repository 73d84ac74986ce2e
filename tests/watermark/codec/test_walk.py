"""Outputs that are found without their pilots: what an averager who knows the pilots of a place leaves."""

import math

import numpy as np
import pytest

from watermark.codec import frames
from watermark.codec.detect import ALPHA, detect
from watermark.codec.evidence import judged
from watermark.codec.field import gain_field
from watermark.codec.outputs import Output, Outputs
from watermark.codec.pattern import LENGTH, NARROW, Pattern, place_of
from watermark.codec.payload import word_of
from watermark.codec.seek import Seeker
from watermark.codec.transform import frame_and_hop, multiplied
from watermark.codec.walk import walk


def others(count: int) -> list[Output]:
    """Outputs of 0.5 to 50 s that have nothing to do with a clip."""
    rng = np.random.default_rng(4)
    return [Output(n, int(rng.integers(LENGTH)), float(rng.uniform(0.5, 50.0))) for n in range(count)]


@pytest.fixture(scope="module")
def averaged(marked, key, record) -> np.ndarray:
    """The woman's clip after the gains of another output at the same place were taken off it."""
    made = marked("woman")
    frame, hop = frame_and_hop(made.rate_hz)
    known = gain_field(key, record + 1, made.salt, made.start, rate_hz=made.rate_hz, n_fft=frame, hop=hop)
    return multiplied(made.samples, lambda first, count: np.float32(1) / known(first, count), frame, hop)


def test_every_place_of_every_output_is_tried(marked, key) -> None:
    values = judged(frames.power(*_beginning(marked))).at(0.0, 60)[:, :NARROW]
    outputs = Outputs.of(key, [*others(6), Output(99, LENGTH - 20, 1.0)])
    met = walk(outputs, values[None], 1)[0]
    norm = math.sqrt((1 - 12 / NARROW) * (values**2).sum())
    best = max(
        (float((values * Pattern(key).payload(place + step, 60, word_of(key, record))).sum()) / norm, record)
        for record, place, count in zip(
            outputs.records.tolist(), outputs.places.tolist(), outputs.symbols.tolist(), strict=True
        )
        for step in range(-59, count)
    )
    assert (met.score, met.record) == (pytest.approx(best[0], rel=1e-3), best[1])


def test_payload_signs_are_those_that_go_into_the_sound(key, record) -> None:
    chips, word = Pattern(key).chips(LENGTH - 30, 100), word_of(key, record)
    expected = (chips.carrying(word) * ~chips.pilot)[:, :NARROW]
    assert (Pattern(key).payload(LENGTH - 30, 100, word) == expected).all()


def test_an_output_without_its_pilots_is_found_by_its_own_symbols(marked, averaged, key, record) -> None:
    made = marked("woman")
    assert detect(averaged, made.rate_hz, [key], search="none").verdict != "ours"
    outputs = Outputs.of(key, [*others(20), Output(record, place_of(made.salt, made.start), 4.0)])
    found = Seeker(frames.power(averaged, made.rate_hz), (key,), (outputs,)).along_outputs()
    assert found.log_p < math.log(ALPHA)
    assert (found.claim.record, found.claim.pilots) == (record, False)
    answer = detect(averaged, made.rate_hz, [key], search="none", outputs=[outputs], walk=True)
    assert (answer.verdict, answer.record) == ("ours", record)


def test_an_output_that_is_not_on_the_list_is_not_found(marked, averaged, key) -> None:
    outputs = Outputs.of(key, others(20))
    found = Seeker(frames.power(averaged, marked("woman").rate_hz), (key,), (outputs,)).along_outputs()
    assert found.log_p > math.log(1e-3)


def test_neither_no_list_nor_one_that_is_too_long_is_walked(averaged, marked, key) -> None:
    spectrum = frames.power(averaged, marked("woman").rate_hz)
    for outputs in ((), (Outputs.of(key, others(10_001)),)):
        assert Seeker(spectrum, (key,), outputs).along_outputs().log_p == 0.0


def _beginning(marked) -> tuple[np.ndarray, int]:
    made = marked("woman")
    return made.samples[: int(1.2 * made.rate_hz)], made.rate_hz
