"""The only ways to hold exports, and what other packages may ask about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from consent.rules import Use
from problems.errors import NotFound
from synthesis.exports.errors import ExportErased
from synthesis.exports.models import Export
from tenants.actor import Actor


def export_list(actor: Actor) -> QuerySet[Export]:
    """The tenant's exports; those of erased people are not shown."""
    return Export.objects.filter(tenant_id=actor.tenant_id, erased_at=None)


def export_get(actor: Actor, export_id: UUID) -> Export:
    """One export.

    Raises:
        NotFound: no such export of this tenant.
        ExportErased: there was one, and its speaker has been erased.
    """
    found = Export.objects.filter(tenant_id=actor.tenant_id, pk=export_id).first()
    if found is None:
        raise NotFound()
    if found.erased_at is not None:
        raise ExportErased()
    return found


def use_of(export: Export) -> Use:
    """The use that was declared for an export."""
    return Use(purpose=export.purpose, territory=export.territory, recipient=export.recipient, act="export")


def behind(export_id: UUID) -> dict[str, Any] | None:
    """What stands behind the mark of an exported voice, in the tenant's scope; None when there is no such export.

    Such a mark says which file spoke, not who let it speak: the owner may say anything with it.
    """
    row = Export.objects.select_related("consent").filter(pk=export_id, erased_at=None).first()
    if row is None:
        return None
    return {
        "export": str(row.pk),
        "voice_version": str(row.version_id),
        "consent": str(row.consent_id),
        "consent_version": row.consent.version,
        "consent_then": "active" if row.released_at else "none",
        "consent_now": row.consent.state,
        "released_at": row.released_at.isoformat() if row.released_at else None,
    }


def exports_of_speaker(speaker_id: UUID) -> list[dict[str, Any]]:
    """Every export of this person's voice, newest first, in the tenant's scope; for the person's own page."""
    rows = Export.objects.filter(consent__speaker_id=speaker_id).order_by("-created_at")[:100]
    return [
        {
            "what": "export",
            "id": str(row.pk),
            "state": "quarantined" if row.quarantined_at else row.state,
            "consent": str(row.consent_id),
            "use": {"purpose": row.purpose, "territory": row.territory, "recipient": row.recipient},
            "length_s": None,
            "requested_at": row.created_at.isoformat(),
            "released_at": row.released_at.isoformat() if row.released_at else None,
        }
        for row in rows
    ]
