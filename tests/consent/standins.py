"""Stand-ins for what higher packages answer to consent's questions (settings.CONSENT_MARK_CHECK and its like)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from audio.clip import Clip

ended: list[tuple[UUID, UUID, str]] = []


@dataclass(frozen=True)
class Match:
    """A verdict of the speaker check."""

    score: float
    threshold: float
    same: bool | None


def no_mark(clip: Clip) -> bool:
    return False


def our_mark(clip: Clip) -> bool:
    return True


def same_speaker(a: Clip, b: Clip) -> Match:
    return Match(0.9, 0.6, same=True)


def other_speaker(a: Clip, b: Clip) -> Match:
    return Match(0.1, 0.6, same=False)


def unsure_speaker(a: Clip, b: Clip) -> Match:
    return Match(0.58, 0.6, same=None)


def note_end(*, tenant_id: UUID, consent_id: UUID, reason: str) -> None:
    ended.append((tenant_id, consent_id, reason))


def fail_end(*, tenant_id: UUID, consent_id: UUID, reason: str) -> None:
    raise RuntimeError("a reaction that fails")


def made_nothing(tenant_id: UUID, speaker_id: UUID) -> list[dict[str, object]]:
    return []


def made_one(tenant_id: UUID, speaker_id: UUID) -> list[dict[str, object]]:
    return [
        {
            "what": "synthesis",
            "state": "done",
            "requested_at": "2026-11-20T10:00:00",
            "length_s": 2.5,
            "use": {"purpose": "news", "channel": "web"},
        }
    ]
