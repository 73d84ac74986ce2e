"""The automatic checks of spoken evidence. They can refuse; none of them can approve.

Three questions: was the challenge said, does the sound carry our own mark (then it is a voice that we
made), and does it sound like the person's earlier evidence. Two of them belong to packages above this
one, which settings name: CONSENT_MARK_CHECK and SPEAKER_CHECK.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from audio.clip import Clip
from consent.phrase_check import Listener, check

Finding = dict[str, Any]
"""``check``, ``verdict``, ``refuses`` and a few facts; JSON values, kept on the evidence's row."""

MarkCheck = Callable[[Clip], bool]
"""Whether a clip carries our mark (settings.CONSENT_MARK_CHECK)."""


class SpeakerMatch(Protocol):
    """How alike two clips sound; `same` is None where the check cannot tell."""

    @property
    def score(self) -> float:
        """Higher is more alike."""

    @property
    def threshold(self) -> float:
        """From which score on two clips count as one person's."""

    @property
    def same(self) -> bool | None:
        """The verdict."""


SpeakerCheck = Callable[[Clip, Clip], SpeakerMatch]
"""Compares two clips (settings.SPEAKER_CHECK)."""


def findings_for(clip: Clip, *, phrase: str, locale: str, earlier: Clip | None) -> list[Finding]:
    """Every check's finding on `clip`, all of them, also after one has refused: the officer sees them.

    Args:
        earlier: evidence of the same speaker that an officer has approved, None when there is none.
    """
    return [_phrase(clip, phrase, locale), _mark(clip), _speaker(clip, earlier)]


def refused(findings: list[Finding]) -> list[str]:
    """The names of the checks that refuse."""
    return [str(finding["check"]) for finding in findings if finding["refuses"]]


def _phrase(clip: Clip, phrase: str, locale: str) -> Finding:
    # A listener is not shared: a worker's other thread may be listening to somebody else.
    found = check(clip, phrase, locale, Listener)
    return {
        "check": "phrase",
        "verdict": found.verdict,
        "refuses": found.verdict == "not_said",
        "heard": found.heard,
        "of": found.of,
        "missing": list(found.missing),
        "reason": found.reason,
    }


def _mark(clip: Clip) -> Finding:
    carries = cast("MarkCheck", import_string(settings.CONSENT_MARK_CHECK))(clip)
    return {"check": "mark", "verdict": "present" if carries else "absent", "refuses": carries}


def _speaker(clip: Clip, earlier: Clip | None) -> Finding:
    if earlier is None:
        return {"check": "speaker", "verdict": "nothing_to_compare", "refuses": False}
    match = cast("SpeakerCheck", import_string(settings.SPEAKER_CHECK))(clip, earlier)
    verdict = {True: "same", False: "different", None: "cannot_tell"}[match.same]
    return {
        "check": "speaker",
        "verdict": verdict,
        "refuses": match.same is False,
        "score": round(match.score, 3),
        "threshold": round(match.threshold, 3),
    }
