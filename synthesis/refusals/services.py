"""Put people on the do-not-clone list, confirm what a tenant put there, and take them off."""

from __future__ import annotations

import io
from uuid import UUID, uuid4

import numpy as np
import soundfile
from django.db import transaction

from audio.clip import Clip
from audio.decode import decode
from audio.headers import Limits
from audio.resample import resample
from audit.services import record
from isolation.scope import database_now
from problems.errors import NotFound
from storage.sealing import seal_bytes
from synthesis.refusals.errors import ReferenceTooShort
from synthesis.refusals.models import DEPLOYMENT, REFERENCE, DoNotClone
from synthesis.refusals.selectors import refusal_get
from tenants.actor import Actor
from tenants.errors import PersonNeeded

KEPT_S, LEAST_S, RATE_HZ = 30.0, 5.0, 16_000
LIMITS = Limits(length_s=600.0)


def reference_read(data: bytes) -> Clip:
    """A reference as it is kept: mono, 16 kHz, thirty seconds at most. No transaction may be open.

    Raises:
        ReferenceTooShort; what ``audio.decode.decode`` raises.
    """
    clip = decode(data, LIMITS).mono()
    if clip.length_s < LEAST_S or float(np.abs(clip.samples).max()) < 1e-3:
        raise ReferenceTooShort(seconds=round(clip.length_s, 1))
    return resample(clip.cut(0.0, KEPT_S), RATE_HZ)


@transaction.atomic
def refusal_add(*, clip: Clip, actor: Actor) -> DoNotClone:
    """A tenant's entry: binding for the tenant at once, for everybody once the operator has confirmed it.

    Raises:
        PersonNeeded: a service key asks.
    """
    if not actor.is_person:
        raise PersonNeeded(needed="refusals:write")
    entry = _written(clip, actor.label, actor.tenant_id)
    record(event="do_not_clone.added", tenant_id=actor.tenant_id, actor=actor.label, object_id=entry.pk)
    return entry


@transaction.atomic
def refusal_remove(*, actor: Actor, refusal_id: UUID) -> None:
    """Take one of the tenant's own entries off the list; the reference is destroyed with it.

    Raises:
        PersonNeeded. NotFound: no such entry of this tenant.
    """
    if not actor.is_person:
        raise PersonNeeded(needed="refusals:write")
    entry = refusal_get(actor, refusal_id)
    record(event="do_not_clone.removed", tenant_id=actor.tenant_id, actor=actor.label, object_id=entry.pk)
    entry.delete()


@transaction.atomic
def operator_add(clip: Clip) -> DoNotClone:
    """The operator's entry: binding for every tenant."""
    return _written(clip, "operator", None)


@transaction.atomic
def operator_confirm(refusal_id: UUID) -> None:
    """Make a tenant's entry binding for everybody.

    Raises:
        NotFound: there is no such entry.
    """
    if not DoNotClone.objects.filter(pk=refusal_id).update(confirmed_at=database_now()):
        raise NotFound()


@transaction.atomic
def operator_remove(refusal_id: UUID) -> None:
    """Take anybody off the list.

    Raises:
        NotFound: there is no such entry.
    """
    if not DoNotClone.objects.filter(pk=refusal_id).delete()[0]:
        raise NotFound()


def _written(clip: Clip, added_by: str, by_tenant: UUID | None) -> DoNotClone:
    identity, stored = uuid4(), io.BytesIO()
    soundfile.write(stored, clip.samples, clip.rate_hz, format="FLAC", subtype="PCM_16")
    sealed = seal_bytes(
        tenant_id=DEPLOYMENT, handle="", purpose=REFERENCE, object_id=identity, data=stored.getvalue()
    )
    return DoNotClone.objects.create(id=identity, by_tenant=by_tenant, added_by=added_by, sealed_reference=sealed)
