"""Accept a recording to be said in a voice. One transaction: the admission of a synthesis, and the sealed recording."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from consent.rules import Use
from storage.objects import object_store
from storage.sealing import seal_bytes
from synthesis.attachments import attachment_key
from synthesis.models import SOURCE, SOURCE_KIND, Synthesis
from synthesis.services import Order, synthesis_request
from tenants.actor import Actor


@transaction.atomic
def conversion_request(
    *, actor: Actor, version_id: UUID, use: Use, order: Order, recording: bytes, consent_id: UUID | None = None
) -> Synthesis:
    """Accept a recording for a voice and a declared use.

    Args:
        order: its text is what the recording says.
        recording: a sound file as it came; not decoded here.

    Raises:
        as `synthesis_request`.
    """
    synthesis = synthesis_request(
        actor=actor, version_id=version_id, use=use, order=order, consent_id=consent_id, converted=True
    )
    sealed = seal_bytes(
        tenant_id=synthesis.tenant_id,
        handle=synthesis.subject_handle,
        purpose=SOURCE,
        object_id=synthesis.pk,
        data=recording,
    )
    # A rollback from here on leaves a sealed orphan that no row names; the sweep removes it.
    key = attachment_key(SOURCE_KIND, synthesis, synthesis.version.voice.speaker_id)
    object_store().put(key, sealed, if_absent=True)
    return synthesis
