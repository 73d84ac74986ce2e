"""Reading erasures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from audit.errors import EntryPending
from audit.selectors import bundle_of
from erasure.certificate import document
from erasure.errors import CertificatePending, ErasureNotFound
from erasure.models import Erasure
from tenants.actor import Actor


def erasures_of(actor: Actor) -> QuerySet[Erasure]:
    """The tenant's erasures with their steps."""
    return Erasure.objects.filter(tenant_id=actor.tenant_id).prefetch_related("steps")


def erasure_get(actor: Actor, erasure_id: UUID) -> Erasure:
    """One of the tenant's erasures.

    Raises:
        ErasureNotFound: no such erasure, or another tenant's.
    """
    found = erasures_of(actor).filter(pk=erasure_id).first()
    if found is None:
        raise ErasureNotFound
    return found


def certificate_document(erasure: Erasure) -> dict[str, Any]:
    """The signed certificate with the proof that it is in the log.

    Raises:
        CertificatePending: not finished, or not in a signed checkpoint yet.
    """
    if not erasure.certificate or erasure.entry is None:
        raise CertificatePending(state=erasure.state)
    try:
        bundle = bundle_of(erasure.entry)
    except EntryPending as error:
        raise CertificatePending(state=erasure.state) from error
    return document(erasure.certificate, bundle.to_json())
