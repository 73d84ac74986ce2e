"""Whom the list speaks of, and whether somebody is on it."""

from __future__ import annotations

import io
from uuid import UUID

import soundfile
from django.db.models import Q, QuerySet

from audio.clip import Clip
from problems.errors import NotFound
from storage.sealing import open_bytes
from synthesis.engine import Engine, Floats, TooLittleSpeech
from synthesis.refusals.errors import OnDoNotCloneList
from synthesis.refusals.models import DEPLOYMENT, REFERENCE, DoNotClone
from tenants.actor import Actor


def refusal_list(actor: Actor) -> QuerySet[DoNotClone]:
    """The entries that the actor's tenant made."""
    return DoNotClone.objects.filter(by_tenant=actor.tenant_id)


def refusal_get(actor: Actor, refusal_id: UUID) -> DoNotClone:
    """One of the tenant's own entries.

    Raises:
        NotFound: no such entry of this tenant.
    """
    found = refusal_list(actor).filter(pk=refusal_id).first()
    if found is None:
        raise NotFound()
    return found


def holding_for(tenant_id: UUID) -> QuerySet[DoNotClone]:
    """The entries that bind a tenant: the deployment's, those that were confirmed, and its own."""
    return DoNotClone.objects.filter(Q(by_tenant=None) | Q(confirmed_at__isnull=False) | Q(by_tenant=tenant_id))


def reference_open(entry: DoNotClone) -> Clip:
    """The sound of an entry."""
    data = open_bytes(
        tenant_id=DEPLOYMENT, handle="", purpose=REFERENCE, object_id=entry.pk, data=bytes(entry.sealed_reference)
    )
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    return Clip(samples, int(rate_hz))


def require_not_listed(engine: Engine, tenant_id: UUID, person: Floats) -> None:
    """Compare a person (D,) with everybody on the list.

    Raises:
        OnDoNotCloneList: somebody there counts as the same person.
    """
    for entry in holding_for(tenant_id):
        clip = reference_open(entry)
        try:
            known = engine.embedding(clip.samples, clip.rate_hz)
        except TooLittleSpeech:
            continue  # judged by another base when it was taken; it cannot be heard with this one
        if float(known @ person) >= engine.same_speaker_at:
            raise OnDoNotCloneList(entry=str(entry.pk))
