"""Ask for an erasure."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from audit.services import record
from erasure.jobs import TASK, requeue
from erasure.models import Erasure
from problems.errors import NotFound
from speakers.models import Speaker, SpeakerState
from tenants.actor import Actor
from work.leases import enqueue
from work.models import JobState


@transaction.atomic
def erasure_request(*, actor: Actor, speaker_id: UUID) -> Erasure:
    """Begin to forget a person: from this transaction's commit on nothing of theirs can be used.

    Asked again, it answers with the erasure that is under way or done, and takes up one that failed.

    Raises:
        NotFound: no such speaker for this actor.
    """
    # The lock is the moment: releases hold this row FOR SHARE, so they have committed or will refuse.
    speaker = Speaker.objects.select_for_update().filter(tenant_id=actor.tenant_id, pk=speaker_id).first()
    if speaker is None:
        raise NotFound
    return erasure_begin(speaker=speaker, requested_by=actor.label)


def erasure_begin(*, speaker: Speaker, requested_by: str) -> Erasure:
    """The part of a request that a restore shares; the caller holds the speaker's row locked."""
    found = Erasure.objects.filter(tenant_id=speaker.tenant_id, speaker_id=speaker.pk).first()
    if found is not None:
        if found.state == JobState.FAILED:
            requeue(found)
            found.refresh_from_db()
        return found
    Speaker.objects.filter(pk=speaker.pk, state=SpeakerState.ACTIVE).update(state=SpeakerState.ERASING)
    erasure = Erasure.objects.create(
        tenant_id=speaker.tenant_id, speaker_id=speaker.pk, handle=speaker.key_handle, requested_by=requested_by
    )
    record(
        event="erasure.requested",
        tenant_id=speaker.tenant_id,
        actor=requested_by,
        object_id=erasure.pk,
        detail={"speaker": str(speaker.pk)},
    )
    enqueue(tenant_id=speaker.tenant_id, task=TASK, object_id=erasure.pk)
    return erasure
