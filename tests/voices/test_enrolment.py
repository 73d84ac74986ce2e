"""Findings say what to do; only a take with nothing in it is refused; weights fall and never reach zero otherwise."""

from dataclasses import replace

import pytest

from voices.enrolment import BOUNDS, Severity, judge
from voices.measures import Measures

CLEAN = Measures(
    length_s=4.0, speech_s=3.0, speech_ratio=0.85, lead_s=0.3, tail_s=0.3, peak_db=-6.0, level_db=-22.0,
    loudness_lufs=-22.0, noise_db=-60.0, snr_db=38.0, clipped_ratio=0.0, bandwidth_hz=11_000.0,
)  # fmt: skip


def codes(**changes: float) -> list[str]:
    return [finding.code for finding in judge(replace(CLEAN, **changes)).findings]


def test_a_clean_take_has_no_findings_and_counts_in_full() -> None:
    judgement = judge(CLEAN, own_share=1.0)
    assert (judgement.findings, judgement.weight, judgement.refusal) == ((), 1.0, None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"speech_s": 0.5}, "little-speech"),
        ({"snr_db": 12.0}, "noisy"),
        ({"clipped_ratio": 0.001}, "clipped"),
        ({"level_db": -45.0}, "too-quiet"),
        ({"level_db": -6.0}, "too-loud"),
        ({"lead_s": 3.0}, "long-silence"),
        ({"tail_s": 3.0}, "long-silence"),
        ({"speech_ratio": 0.2}, "many-pauses"),
        ({"bandwidth_hz": 3800.0}, "narrow-band"),
    ],
)
def test_each_imperfection_is_advised_and_kept(change: dict[str, float], code: str) -> None:
    judgement = judge(replace(CLEAN, **change))
    assert [finding.code for finding in judgement.findings] == [code]
    finding = judgement.findings[0]
    assert finding.severity is Severity.ADVISE
    assert finding.measured == next(iter(change.values()))
    assert len(finding.advice.split()) > 8
    assert judgement.refusal is None
    assert 0 < judgement.weight <= 1


def test_every_imperfection_together_is_still_kept() -> None:
    worst = replace(
        CLEAN, speech_s=0.4, snr_db=7.0, clipped_ratio=0.2, level_db=-60.0, lead_s=9.0, speech_ratio=0.1,
        bandwidth_hz=900.0,
    )  # fmt: skip
    judgement = judge(worst, own_share=0.5)
    assert judgement.refusal is None
    assert 0 < judgement.weight < 0.2


@pytest.mark.parametrize(
    ("change", "own_share", "code"),
    [
        ({"speech_s": 0.0, "snr_db": 0.0}, None, "no-speech"),
        ({"snr_db": 2.0}, None, "noise-drowns-speech"),
        ({}, 0.1, "other-speaker"),
    ],
)
def test_nothing_to_learn_from_is_refused(change: dict[str, float], own_share: float | None, code: str) -> None:
    judgement = judge(replace(CLEAN, **change), own_share=own_share)
    assert judgement.refusal is not None
    assert judgement.refusal.code == code
    assert judgement.weight == 0.0


def test_other_voices_in_part_are_advised() -> None:
    assert [finding.code for finding in judge(CLEAN, own_share=0.6).findings] == ["other-voices"]


def test_silence_is_not_also_told_to_come_closer() -> None:
    assert codes(speech_s=0.0, snr_db=0.0, level_db=-120.0, bandwidth_hz=0.0) == ["no-speech"]


def test_bounds_can_be_others_and_refusals_are_laxer_than_advice() -> None:
    assert judge(CLEAN, replace(BOUNDS, snr_good_db=50.0)).findings[0].code == "noisy"
    assert BOUNDS.snr_refused_db < BOUNDS.snr_good_db
    assert BOUNDS.speech_refused_s < BOUNDS.speech_least_s
    assert BOUNDS.own_speech_refused < BOUNDS.own_speech_least
