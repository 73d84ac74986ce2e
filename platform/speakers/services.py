"""Add a person, and hand out the links that are theirs."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid4

from django.db import transaction

from audit.services import record
from speakers.errors import TooManyLinks
from speakers.models import Speaker, SpeakerLinkDigest
from speakers.sealing import CONTACT, NAME, part_seal
from speakers.selectors import link_digest, speaker_get
from storage.keys import key_store
from tenants.actor import Actor

LINKS_MAX = 5
TOKEN_BYTES = 32


@transaction.atomic
def speaker_add(*, actor: Actor, name: str, contact: str = "") -> tuple[Speaker, str]:
    """Add a person with a key of their own.

    The key is made first: a crash in between leaves a key that seals nothing, never a row without one.

    Returns:
        The row, and the token of the speaker's own link, which is shown this one time.
    """
    speaker = Speaker(tenant_id=actor.tenant_id, key_handle=f"speaker-{uuid4().hex}")
    key_store().create(speaker.key_handle)
    speaker.sealed_name = part_seal(speaker, NAME, name)
    speaker.sealed_contact = part_seal(speaker, CONTACT, contact) if contact else None
    speaker.save(force_insert=True)
    record(
        event="speaker.added",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=speaker.pk,
        subject_handle=speaker.key_handle,
    )
    return speaker, _link(speaker, actor)


@transaction.atomic
def speaker_link_issue(*, actor: Actor, speaker_id: UUID) -> str:
    """Another link for the person, for when the first was lost; the old ones stay.

    A tenant cannot take a link away: it could otherwise stand between the speaker and the withdrawal.

    Returns:
        The token, shown this one time.

    Raises:
        NotFound, SpeakerErased: no such person here, or not any more.
        TooManyLinks: LINKS_MAX exist.
    """
    speaker = speaker_get(actor, speaker_id)
    # The row's lock serialises the count: two issuers cannot both see room for the last link.
    Speaker.objects.select_for_update().get(pk=speaker.pk)
    if SpeakerLinkDigest.objects.filter(tenant_id=actor.tenant_id, speaker_id=speaker.pk).count() >= LINKS_MAX:
        raise TooManyLinks(limit=LINKS_MAX)
    return _link(speaker, actor)


@transaction.atomic
def speaker_links_end_others(*, speaker: Speaker, actor: Actor, token: str) -> int:
    """End every link of the person but the one in hand; the speaker's own act.

    Returns:
        How many were ended.
    """
    others = SpeakerLinkDigest.objects.filter(tenant_id=speaker.tenant_id, speaker_id=speaker.pk)
    count, _ = others.exclude(digest=link_digest(token)).delete()
    _note(speaker, actor, "speaker.links_ended")
    return count


def _link(speaker: Speaker, actor: Actor) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    SpeakerLinkDigest.objects.create(digest=link_digest(token), tenant_id=speaker.tenant_id, speaker_id=speaker.pk)
    _note(speaker, actor, "speaker.link_issued")
    return token


def _note(speaker: Speaker, actor: Actor, event: str) -> None:
    record(
        event=event,
        tenant_id=speaker.tenant_id,
        actor=actor.label,
        object_id=speaker.pk,
        subject_handle=speaker.key_handle,
    )
