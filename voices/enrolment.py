"""Is this take good enough to learn a voice from, and if not, what should the person do about it?

Pure: measures in, findings and advice out. Nothing here refuses a take for being imperfect, because people who bank
a voice they are losing cannot come back with a better one: a take is refused when there is nothing in it to learn
from, and otherwise flagged, explained and given a weight for the fine-tune.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import prod

from .measures import Measures


@dataclass(frozen=True, slots=True)
class Bounds:
    """The published limits. A `*_refused` bound rejects, every other one advises."""

    speech_least_s: float = 0.8
    speech_refused_s: float = 0.3
    snr_good_db: float = 20.0
    snr_refused_db: float = 6.0
    clipped_most: float = 0.0002
    level_least_db: float = -40.0
    level_most_db: float = -10.0
    edge_silence_most_s: float = 2.0
    speech_ratio_least: float = 0.35
    bandwidth_least_hz: float = 6_500.0
    own_speech_least: float = 0.8
    own_speech_refused: float = 0.3


BOUNDS = Bounds()


class Severity(StrEnum):
    """What a finding does."""

    REFUSE = "refuse"
    ADVISE = "advise"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that could be better: what was measured, against which bound, and what to do."""

    code: str
    severity: Severity
    measured: float
    bound: float
    advice: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings, and how much the take should count: 1 for a clean one, never 0 for an accepted one."""

    findings: tuple[Finding, ...]
    weight: float

    @property
    def refusal(self) -> Finding | None:
        """The first finding that rejects the take."""
        return next((finding for finding in self.findings if finding.severity is Severity.REFUSE), None)


def judge(measures: Measures, bounds: Bounds = BOUNDS, *, own_share: float | None = None) -> Judgement:
    """Hold the measures against the bounds.

    Args:
        measures: of the whole take, before trimming.
        bounds: the published limits.
        own_share: what `own_speech` said; None when there is nothing to compare with yet.

    Returns:
        Findings in the order in which the person should act on them.
    """
    found = [*_amount(measures, bounds), *_room(measures, bounds), *_microphone(measures, bounds)]
    if own_share is not None:
        found += _person(own_share, bounds)
    weight = prod(_WEIGHTS[finding.code] for finding in found)
    return Judgement(tuple(found), 0.0 if any(one.severity is Severity.REFUSE for one in found) else weight)


# How much of its worth a take keeps under each finding; several multiply.
_WEIGHTS = {
    "no-speech": 0.0, "little-speech": 0.8, "noise-drowns-speech": 0.0, "noisy": 0.6, "clipped": 0.5, "too-quiet": 0.8,
    "too-loud": 0.9, "long-silence": 1.0, "many-pauses": 0.9, "narrow-band": 0.5, "other-voices": 0.5,
    "other-speaker": 0.0,
}  # fmt: skip


def _amount(measures: Measures, bounds: Bounds) -> list[Finding]:
    if measures.speech_s < bounds.speech_refused_s:
        return [_refuse("no-speech", measures.speech_s, bounds.speech_refused_s, _NO_SPEECH)]
    found = []
    if measures.speech_s < bounds.speech_least_s:
        found.append(_advise("little-speech", measures.speech_s, bounds.speech_least_s, _LITTLE_SPEECH))
    if max(measures.lead_s, measures.tail_s) > bounds.edge_silence_most_s:
        edge = max(measures.lead_s, measures.tail_s)
        found.append(_advise("long-silence", edge, bounds.edge_silence_most_s, _LONG_SILENCE))
    if measures.speech_ratio < bounds.speech_ratio_least:
        found.append(_advise("many-pauses", measures.speech_ratio, bounds.speech_ratio_least, _MANY_PAUSES))
    return found


def _room(measures: Measures, bounds: Bounds) -> list[Finding]:
    if not measures.speech_s or measures.snr_db >= bounds.snr_good_db:
        return []
    if measures.snr_db < bounds.snr_refused_db:
        return [_refuse("noise-drowns-speech", measures.snr_db, bounds.snr_refused_db, _DROWNED)]
    return [_advise("noisy", measures.snr_db, bounds.snr_good_db, _NOISY)]


def _microphone(measures: Measures, bounds: Bounds) -> list[Finding]:
    found = []
    if measures.clipped_ratio > bounds.clipped_most:
        found.append(_advise("clipped", measures.clipped_ratio, bounds.clipped_most, _CLIPPED))
    if measures.speech_s and measures.level_db < bounds.level_least_db:
        found.append(_advise("too-quiet", measures.level_db, bounds.level_least_db, _TOO_QUIET))
    if measures.level_db > bounds.level_most_db:
        found.append(_advise("too-loud", measures.level_db, bounds.level_most_db, _TOO_LOUD))
    if measures.speech_s and measures.bandwidth_hz < bounds.bandwidth_least_hz:
        found.append(_advise("narrow-band", measures.bandwidth_hz, bounds.bandwidth_least_hz, _NARROW))
    return found


def _person(own_share: float, bounds: Bounds) -> list[Finding]:
    if own_share < bounds.own_speech_refused:
        return [_refuse("other-speaker", own_share, bounds.own_speech_refused, _OTHER_SPEAKER)]
    if own_share < bounds.own_speech_least:
        return [_advise("other-voices", own_share, bounds.own_speech_least, _OTHER_VOICES)]
    return []


def _refuse(code: str, measured: float, bound: float, advice: str) -> Finding:
    return Finding(code, Severity.REFUSE, round(measured, 4), bound, advice)


def _advise(code: str, measured: float, bound: float, advice: str) -> Finding:
    return Finding(code, Severity.ADVISE, round(measured, 4), bound, advice)


_NO_SPEECH = "We hear no speech in this take. Check that the right microphone is chosen and not muted, then try again."
_LITTLE_SPEECH = "There is very little speech in this take. It is kept, but a whole sentence teaches the voice more."
_LONG_SILENCE = "There is a long silence at the edge. We cut it off; there is nothing you need to do."
_MANY_PAUSES = "There are long pauses between the words. If it is no effort, read the sentence in one go."
_DROWNED = "The noise is as loud as the voice. Find a quieter room, switch off fans and screens, move closer."
_NOISY = "There is noise behind the voice. Close the window, switch off what hums, come a hand's width nearer."
_CLIPPED = "The loudest parts are cut off. Turn the recording level down a little, or move a hand's width back."
_TOO_QUIET = "The voice is very quiet. Turn the recording level up, or come closer to the microphone."
_TOO_LOUD = "The voice is very loud. Turn the recording level down a little before it begins to distort."
_NARROW = (
    "This sounds as if it came over a telephone or a headset's call mode. A plain microphone gives a fuller voice."
)
_OTHER_VOICES = "Somebody else seems to be heard in parts of this take. Ask others to be silent while you read."
_OTHER_SPEAKER = (
    "This does not sound like the person whose voice is being recorded. If it is, tell us: a person decides."
)
