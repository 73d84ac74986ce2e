"""The only ways to hold a person's row, and the way from a link to the person."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.db.models import QuerySet

from isolation.scope import set_tenant
from problems.errors import NotFound
from speakers.errors import SpeakerErased
from speakers.models import Speaker, SpeakerLinkDigest, SpeakerState
from tenants.actor import Actor, ActorKind


def speaker_list(actor: Actor) -> QuerySet[Speaker]:
    """The tenant's speakers, the erased ones too, newest first."""
    return Speaker.objects.filter(tenant_id=actor.tenant_id).order_by("-created_at", "-id")


def speaker_get(actor: Actor, speaker_id: UUID) -> Speaker:
    """One speaker who is still there.

    Raises:
        NotFound: no such speaker of this tenant.
        SpeakerErased: the person was erased, or the erasure has begun.
    """
    speaker = speaker_list(actor).filter(pk=speaker_id).first()
    if speaker is None:
        raise NotFound
    if speaker.state != SpeakerState.ACTIVE:
        raise SpeakerErased(speaker=str(speaker.pk))
    return speaker


def link_digest(token: str) -> bytes:
    """What is stored of a link. Tokens have full entropy, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def speaker_by_link(token: str) -> tuple[Speaker, Actor]:
    """The person behind a link, as somebody who acts; sets the tenant of the transaction.

    An erased person is found as well, so that the page can say so.

    Raises:
        NotFound: no such link.
    """
    link = SpeakerLinkDigest.objects.filter(digest=link_digest(token)).first()
    if link is None:
        raise NotFound
    set_tenant(link.tenant_id)
    speaker = Speaker.objects.filter(pk=link.speaker_id).first()
    if speaker is None:
        raise NotFound
    return speaker, Actor(link.tenant_id, ActorKind.SPEAKER, speaker.pk, frozenset())
