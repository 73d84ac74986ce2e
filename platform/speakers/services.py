"""Enrol a person, and give the person a link that is the person's own."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

from django.db import transaction

from audit.services import record
from speakers.errors import TooManyLinks
from speakers.models import Speaker, SpeakerLinkDigest
from speakers.sealing import CONTACT, NAME
from speakers.selectors import link_digest, speaker_get
from storage.keys import key_store
from storage.sealing import seal_text
from tenants.actor import Actor

MOST_LINKS = 5


@transaction.atomic
def speaker_create(*, actor: Actor, name: str, contact: str) -> tuple[Speaker, str]:
    """Enrol a person: a key outside the database, a row with sealed columns, a link.

    The key is made first: a crash after it leaves a key that seals nothing, never a row whose
    sealed columns nobody can open.

    Returns:
        The row, and the link's secret, which is shown this one time.
    """
    identity, handle = uuid4(), f"speaker-{uuid4().hex}"
    key_store().create(handle)

    def sealed(purpose: str, text: str) -> bytes:
        return seal_text(tenant_id=actor.tenant_id, handle=handle, purpose=purpose, object_id=identity, text=text)

    speaker = Speaker.objects.create(
        id=identity,
        tenant_id=actor.tenant_id,
        key_handle=handle,
        sealed_name=sealed(NAME, name),
        sealed_contact=sealed(CONTACT, contact),
    )
    record(
        event="speaker.created",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=identity,
        subject_handle=handle,
        detail={},
    )
    return speaker, _link_made(speaker)


@transaction.atomic
def link_issue(*, actor: Actor, speaker_id: UUID) -> str:
    """Another link for the person, when the first was lost.

    Raises:
        NotFound, SpeakerErased. TooManyLinks: the person holds as many as one person may.
    """
    speaker = speaker_get(actor, speaker_id)
    if SpeakerLinkDigest.objects.filter(tenant_id=actor.tenant_id, speaker_id=speaker.pk).count() >= MOST_LINKS:
        raise TooManyLinks(most=MOST_LINKS)
    record(
        event="speaker.link_issued",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=speaker.pk,
        subject_handle=speaker.key_handle,
        detail={},
    )
    return _link_made(speaker)


def _link_made(speaker: Speaker) -> str:
    text = secrets.token_urlsafe(32)
    SpeakerLinkDigest.objects.create(digest=link_digest(text), tenant_id=speaker.tenant_id, speaker_id=speaker.pk)
    return text
