"""The only ways to hold a speaker. What is not the tenant's is not there; an erased person answers 410."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.db.models import QuerySet

from isolation.scope import set_tenant
from problems.errors import NotFound
from speakers.errors import SpeakerErased
from speakers.models import Speaker, SpeakerLinkDigest, SpeakerState
from speakers.sealing import CONTACT, NAME
from storage.sealing import open_text
from tenants.actor import Actor, ActorKind


def speaker_list(actor: Actor) -> QuerySet[Speaker]:
    """The tenant's speakers that are not erased, newest first."""
    return Speaker.objects.filter(tenant_id=actor.tenant_id, state=SpeakerState.ACTIVE).order_by("-created_at", "-id")


def speaker_get(actor: Actor, speaker_id: UUID) -> Speaker:
    """One speaker.

    Raises:
        NotFound: no such speaker of this tenant. SpeakerErased: erased, or on the way.
    """
    speaker = Speaker.objects.filter(tenant_id=actor.tenant_id, pk=speaker_id).first()
    if speaker is None:
        raise NotFound()
    if speaker.state != SpeakerState.ACTIVE:
        raise SpeakerErased()
    return speaker


def speaker_name(speaker: Speaker) -> str:
    """The person's name, opened with the person's key."""
    return _opened(speaker, NAME, speaker.sealed_name)


def speaker_contact(speaker: Speaker) -> str:
    """How to reach the person, opened with the person's key."""
    return _opened(speaker, CONTACT, speaker.sealed_contact)


def actor_of_link(text: str) -> Actor | None:
    """The speaker behind a link, with the tenant set on the open transaction; None when it is none of ours."""
    entry = SpeakerLinkDigest.objects.filter(digest=link_digest(text)).first()
    if entry is None:
        return None
    set_tenant(entry.tenant_id)
    return Actor(entry.tenant_id, ActorKind.SPEAKER, entry.speaker_id, frozenset())


def link_digest(text: str) -> bytes:
    """SHA-256 of a link's secret (32 bytes); the secret has 256 bits of chance, so no slow hash is needed."""
    return hashlib.sha256(text.encode()).digest()


def _opened(speaker: Speaker, purpose: str, sealed: bytes | None) -> str:
    if sealed is None:
        raise SpeakerErased()
    return open_text(
        tenant_id=speaker.tenant_id, handle=speaker.key_handle, purpose=purpose, object_id=speaker.pk, data=sealed
    )
