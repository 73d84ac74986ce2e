"""Whose voice it is and how good it became: what a fine-tune asks before training and before its release.

Not a consent: these can refuse a voice or keep it as a draft, never permit one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from isolation.scope import tenant_scope
from synthesis.card import draw
from synthesis.card.measure import joined, measure
from synthesis.engine import Engine, Floats, Take, TooLittleSpeech
from synthesis.refusals.selectors import require_not_listed
from voices.selectors import others_beside

PERSON_S = 60.0
OTHERS_MOST = 40


@dataclass(frozen=True)
class Judgement:
    """What is kept with a version: its measures, its picture, and whether it may be used unseen."""

    measures: dict[str, Any]
    picture: bytes | None = None
    is_draft: bool = False


def require_clonable(engine: Engine, tenant_id: UUID, takes: Sequence[Take]) -> None:
    """Compare the person with the do-not-clone list, before anything is learned from the recordings.

    Raises:
        OnDoNotCloneList: the person is on it. TooLittleSpeech: there is nobody to be heard.
    """
    with tenant_scope(tenant_id):
        require_not_listed(engine, tenant_id, engine.embedding(*joined(takes, PERSON_S)))


def judged(
    engine: Engine, speaker: tuple[UUID, UUID], stored: bytes, train: Sequence[Take], apart: Sequence[Take]
) -> Judgement:
    """Measure a trained voice.

    Args:
        speaker: tenant and speaker; the voice must be told from the tenant's other people.
    """
    card = measure(engine, engine.load_voice(stored), train, apart, _others(engine, *speaker))
    return Judgement({"card": card.document()}, draw.picture(card), card.verdict == "draft")


def _others(engine: Engine, tenant_id: UUID, speaker_id: UUID) -> list[Floats]:
    """Embeddings of the tenant's other people, each from one accepted recording; never stored."""
    found: list[Floats] = []
    with tenant_scope(tenant_id):
        clips = others_beside(tenant_id, speaker_id, OTHERS_MOST)
    for clip in clips:
        try:
            found.append(engine.embedding(clip.mono().samples, clip.rate_hz))
        except TooLittleSpeech:
            continue
    return found
