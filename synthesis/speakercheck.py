"""Whether two clips are of one speaker; answers settings.SPEAKER_CHECK for consent and voices.

It can say no, and it can be unsure. That it says yes proves nothing alone: a person approves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audio.clip import Clip
from synthesis.engine import UNSURE, TooLittleSpeech
from synthesis.enginehost import HOST


@dataclass(frozen=True)
class SpeakerMatch:
    """Cosine of two embeddings against the engine's threshold; `same` is None when it cannot tell."""

    score: float
    threshold: float
    same: bool | None


def compare(a: Clip, b: Clip) -> SpeakerMatch:
    """Compare the speakers of two clips of any rate; some seconds of speech in each.

    Too little speech in one of them is no verdict (`same` is None, score 0).
    """
    engine = HOST.engine
    threshold = engine.same_speaker_at
    try:
        first, second = (engine.embedding(clip.mono().samples, clip.rate_hz) for clip in (a, b))
    except TooLittleSpeech:
        return SpeakerMatch(0.0, threshold, None)
    score = float(np.dot(first, second))
    unsure = threshold - UNSURE <= score < threshold
    return SpeakerMatch(score, threshold, None if unsure else score >= threshold)
