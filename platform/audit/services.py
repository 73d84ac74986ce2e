"""Record: the line of the log that belongs to an act, written in the act's own transaction."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from audit import entries
from audit.models import SEAL_PURPOSE
from isolation.scope import database_now
from storage import sealing
from storage.errors import KeyShredded
from storage.keys import key_store, tenant_handle

# One round trip: every act that is governed pays for it.
_WRITE = """
WITH detail AS (
    INSERT INTO audit_auditdetail (id, tenant_id, created_at, event, at, actor, object_id, handle, sealed)
    VALUES (%s, %s, clock_timestamp(), %s, %s, %s, %s, %s, %s)
)
INSERT INTO audit_entry (public_id, body) VALUES (%s, %s) RETURNING id
"""


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
    handle, kept, key = _subject(tenant_id, subject_handle or "", detail or {})
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
    entry = entries.Entry(
        id=entry_id.hex,
        event=event,
        hour=entries.coarse_hour(at),
        tenant=tenant_pseudonym(key_store().commitment_key(tenant_handle(tenant_id))),
        commitment=entries.commit(entries.opening(key, entry_id.hex), facts),
        public=public or {},
    )
    sealed = sealing.seal_bytes(
        tenant_id=tenant_id, handle=handle, purpose=SEAL_PURPOSE, object_id=entry_id, data=entries.canonical(facts)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE, [entry_id, tenant_id, event, at, actor, object_id, handle, sealed, entry_id, entry.encode()]
        )
        number: int = cursor.fetchone()[0]
    return number


def _subject(tenant_id: UUID, handle: str, detail: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], bytes]:
    """Whose key seals and commits to which facts.

    Of an erased person only the act itself is recorded, under the tenant's own key.
    """
    keys, tenant = key_store(), tenant_handle(tenant_id)
    keys.ensure(tenant)
    if handle:
        try:
            return handle, detail, keys.commitment_key(handle)
        except KeyShredded:
            detail = {"subject": "erased"}
    return "", detail, keys.commitment_key(tenant)


def tenant_pseudonym(tenant_key: bytes) -> str:
    """What stands for a tenant in public: 32 hex digits that only the holder of its key can compute."""
    return hmac.digest(tenant_key, b"consonant log tenant v1", "sha256")[:16].hex()
