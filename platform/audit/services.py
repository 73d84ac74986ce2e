"""Record: the line of the log that belongs to an act, written in the act's own transaction."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from audit import entries
from audit.models import SEAL_PURPOSE, AuditDetail, AuditEntry
from isolation.scope import database_now
from storage import sealing
from storage.keys import key_store, tenant_handle


def record(
    *,
    event: str,
    tenant_id: UUID,
    actor: str,
    object_id: UUID | None = None,
    subject_handle: str | None = None,
    detail: Mapping[str, Any] | None = None,
    public: Mapping[str, str] | None = None,
) -> int:
    """Write the entry of an act into the open transaction: both happen or neither does.

    Args:
        event: what happened, as `consent.withdrawn`.
        tenant_id: whose act; the transaction's tenant.
        actor: who, as `Actor.label` says it; no names.
        object_id: the row it is about.
        subject_handle: the key handle of the person it speaks of; the facts are sealed and committed
            under that key. None for acts that speak of nobody.
        detail: facts, plain JSON (other values are written as text); personal ones only with a subject.
        public: digests that the entry itself carries (`entries.PUBLIC_DIGESTS`).

    Returns:
        The entry's number in the database, for `selectors.bundle_of`.

    Raises:
        RuntimeError: no transaction is open. EntryRefused: an event or digest that no entry may carry.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an act is recorded in its own transaction")
    handle, kept = _subject(subject_handle, detail or {})
    entry_id, at = uuid4(), database_now().astimezone(UTC)
    facts = {
        "id": entry_id.hex,
        "event": event,
        "at": at.isoformat(),
        "tenant": str(tenant_id),
        "actor": actor,
        "object": str(object_id) if object_id else None,
        "detail": json.loads(json.dumps(kept, default=str)),
    }
    entry = _entry(entry_id, event, at, tenant_id, handle, facts, public or {})
    row = AuditEntry.objects.create(public_id=entry_id, body=entry.encode())
    AuditDetail.objects.create(
        id=entry_id,
        tenant_id=tenant_id,
        event=event,
        at=at,
        actor=actor,
        object_id=object_id,
        handle=handle,
        sealed=sealing.seal_bytes(
            tenant_id=tenant_id, handle=handle, purpose=SEAL_PURPOSE, object_id=entry_id, data=entries.canonical(facts)
        ),
    )
    return row.pk


def _subject(handle: str | None, detail: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Whose key seals the facts. Of an erased person only the act itself is recorded, under the tenant's key."""
    if handle and key_store().shredded(handle):
        return "", {"subject": "erased"}
    return handle or "", detail


def _entry(
    entry_id: UUID,
    event: str,
    at: datetime,
    tenant_id: UUID,
    handle: str,
    facts: Mapping[str, Any],
    public: Mapping[str, str],
) -> entries.Entry:
    keys, tenant = key_store(), tenant_handle(tenant_id)
    keys.ensure(tenant)
    tenant_key = keys.commitment_key(tenant)
    key = keys.commitment_key(handle) if handle else tenant_key
    return entries.Entry(
        id=entry_id.hex,
        event=event,
        hour=entries.coarse_hour(at),
        tenant=tenant_pseudonym(tenant_key),
        commitment=entries.commit(entries.opening(key, entry_id.hex), facts),
        public=public,
    )


def tenant_pseudonym(tenant_key: bytes) -> str:
    """What stands for a tenant in public: 32 hex digits that only the holder of its key can compute."""
    return hmac.digest(tenant_key, b"consonant log tenant v1", "sha256")[:16].hex()
