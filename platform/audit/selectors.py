"""Reading the log: a tenant's own acts, and the proof of any of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from audit import entries, merkle, tiles
from audit.bundles import Bundle, Consistency, Disclosure
from audit.checkpoints import Checkpoint, VerifierKey
from audit.errors import EntryNotFound, EntryPending, LogSizeUnknown
from audit.models import SEAL_PURPOSE, AuditDetail, AuditEntry, AuditHead
from audit.published import Published
from problems.errors import Gone
from storage import sealing
from storage.keys import key_store, tenant_handle
from storage.objects import object_store


def details_of(tenant_id: UUID) -> QuerySet[AuditDetail]:
    """The tenant's acts, to be filtered and paged."""
    return AuditDetail.objects.filter(tenant_id=tenant_id)


def detail_get(tenant_id: UUID, entry_id: UUID) -> AuditDetail:
    """One act of the tenant.

    Raises:
        EntryNotFound: no such entry, or another tenant's.
    """
    found = details_of(tenant_id).filter(pk=entry_id).first()
    if found is None:
        raise EntryNotFound
    return found


def facts_of(detail: AuditDetail) -> dict[str, Any] | None:
    """The facts behind an entry; None when the person they speak of has been erased."""
    if detail.sealed is None:
        return None
    try:
        data = sealing.open_bytes(
            tenant_id=detail.tenant_id,
            handle=detail.handle,
            purpose=SEAL_PURPOSE,
            object_id=detail.pk,
            data=detail.sealed,
        )
    except Gone:
        return None
    facts: dict[str, Any] = json.loads(data)
    return facts


def disclosure_of(detail: AuditDetail) -> Disclosure | None:
    """The facts with the opening that proves them; None when they were erased."""
    facts = facts_of(detail)
    if facts is None:
        return None
    key = key_store().commitment_key(detail.handle or tenant_handle(detail.tenant_id))
    return Disclosure(entries.opening(key, detail.pk.hex), facts)


def head_now() -> AuditHead | None:
    """The signed head; None before the first checkpoint."""
    head = AuditHead.objects.first()
    return head if head and head.checkpoint else None


def indices_of(entry_ids: list[UUID]) -> dict[UUID, int | None]:
    """Where entries stand in the tree, by public id; None while they wait."""
    return dict(AuditEntry.objects.filter(public_id__in=entry_ids).values_list("public_id", "index"))


def bundle_of(
    entry: int | UUID,
    *,
    since: int | None = None,
    disclosure: Disclosure | None = None,
    published: Published | None = None,
) -> Bundle:
    """The proof bundle of an entry under the present checkpoint.

    Args:
        entry: the number that `record` returned, or the entry's public id.
        since: a size of the log for which a consistency proof is wanted as well.
        disclosure: facts to hand out with it.

    Raises:
        EntryNotFound: no such entry. EntryPending: no signed checkpoint holds it yet.
        LogSizeUnknown: `since` is larger than the log.
    """
    body, index, size, checkpoint = _entry_and_head(entry)
    if index is None or index >= size:
        raise EntryPending
    if since is not None and not 0 <= since <= size:
        raise LogSizeUnknown(size=size)
    read = tiles.node_reader(size, published.read if published else _tiles_kept(cast(Hashable, object_store())))
    older = None if since is None else Consistency(since, merkle.consistency_proof(since, size, read))
    return Bundle(body, index, merkle.inclusion_proof(index, size, read), checkpoint, older, disclosure)


def _entry_and_head(entry: int | UUID) -> tuple[bytes, int | None, int, str]:
    """Body and index of an entry with size and checkpoint of the head, in one round trip; size 0 without a head."""
    number, public_id = (entry, None) if isinstance(entry, int) else (None, entry)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.body, e.index, coalesce(h.size, 0), coalesce(h.checkpoint, '')
            FROM audit_entry e LEFT JOIN audit_head h ON h.checkpoint <> ''
            WHERE e.id = %s OR e.public_id = %s
            """,
            [number, public_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise EntryNotFound
    return bytes(row[0]), row[1], row[2], row[3]


@lru_cache(maxsize=4)
def _tiles_kept(store: Any) -> Callable[[tiles.Tile], bytes]:
    """Reads the published tiles, keeping what was read last (2 MB at most): a tile never changes under its name.

    What keeps a proof honest is the signed root, which every verifier compares, and not where the tile came from.
    """
    return lru_cache(maxsize=tiles.TREES_KEPT)(Published(store).read)


def verifier_now() -> VerifierKey | None:
    """The log's public key; None before the log was set up."""
    head = AuditHead.objects.first()
    return VerifierKey.parse(head.verifier) if head and head.verifier else None


def checkpoint_now() -> Checkpoint | None:
    """The signed head as a value; None before the first checkpoint."""
    head = head_now()
    return Checkpoint.open(head.checkpoint, VerifierKey.parse(head.verifier)) if head else None
