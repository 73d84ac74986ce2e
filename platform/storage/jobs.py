"""Periodic work of storage: the intake holds nothing for long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from storage.objects import ObjectStore, intake_store

# An upload address lives for minutes and ingest takes seconds; what is a day old belongs to nobody.
INTAKE_KEEPS = timedelta(days=1)


def intake_sweep(*, tenant_id: UUID, store: ObjectStore | None = None, now: datetime | None = None) -> int:
    """Remove a tenant's uploads that no ingest came for; they are a person's voice in clear.

    Args:
        tenant_id: whose; the first part of an object's name.
        store: the intake; the deployment's when left out.
        now: by which age is counted, aware.

    Returns:
        How many were removed.
    """
    place = store or intake_store()
    limit = (now or datetime.now(UTC)) - INTAKE_KEEPS
    old = [one.key for one in place.find(f"{tenant_id}/") if one.modified_at < limit]
    for key in old:
        place.delete(key)
    return len(old)
