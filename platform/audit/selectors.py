"""Reading the log: a tenant's own acts, and the proof of any of them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

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
    name = {"pk": entry} if isinstance(entry, int) else {"public_id": entry}
    row, head = AuditEntry.objects.filter(**name).first(), head_now()
    if row is None:
        raise EntryNotFound
    if head is None or row.index is None or row.index >= head.size:
        raise EntryPending
    if since is not None and not 0 <= since <= head.size:
        raise LogSizeUnknown(size=head.size)
    read = tiles.node_reader(head.size, (published or Published()).read)
    older = None if since is None else Consistency(since, merkle.consistency_proof(since, head.size, read))
    proof = merkle.inclusion_proof(row.index, head.size, read)
    return Bundle(bytes(row.body), row.index, proof, head.checkpoint, older, disclosure)


def verifier_now() -> VerifierKey | None:
    """The log's public key; None before the log was set up."""
    head = AuditHead.objects.first()
    return VerifierKey.parse(head.verifier) if head and head.verifier else None


def checkpoint_now() -> Checkpoint | None:
    """The signed head as a value; None before the first checkpoint."""
    head = head_now()
    return Checkpoint.open(head.checkpoint, VerifierKey.parse(head.verifier)) if head else None
