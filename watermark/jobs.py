"""The full search of a clip, and the sweep behind it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from audio.decode import decode
from audio.headers import Limits
from audit.services import record
from isolation.scope import database_now, tenant_scope
from storage.objects import object_store
from storage.sealing import open_bytes
from watermark.findings import search
from watermark.leaving import search_keys
from watermark.models import PENDING, PENDING_KIND, SEARCH_TASK, Verification
from watermark.selectors import known_outputs, with_content
from work.leases import Lease, claim, run
from work.models import FINAL, JobState
from work.pulse import Pulse

CLIP_LIMITS = Limits(length_s=600.0)
ORPHAN_AFTER = timedelta(minutes=30)


def verification_search(*, tenant_id: UUID, job_id: UUID) -> None:
    """Search one clip in full and store the answer; safe to run twice."""
    lease = claim(Verification, tenant_id=tenant_id, job_id=job_id, task=SEARCH_TASK)
    if lease is not None:
        run(lease, _search)


def _search(lease: Lease) -> None:
    with tenant_scope(lease.tenant_id):
        verification = Verification.objects.get(pk=lease.job_id)
    clip = decode(_pending_clip(verification), CLIP_LIMITS)
    with Pulse(lease, "searching") as pulse:
        told = pulse.told
        keys = search_keys()
        finding = search(clip, keys, known_outputs(keys), lambda share: told("searching", 99 * share))
        finding = with_content(finding, clip)
    with tenant_scope(lease.tenant_id):
        lease.end(JobState.DONE, **finding.columns)
        verification.verdict, verification.marks = finding.verdict, [mark.document for mark in finding.marks]
        verification_note(verification, "system")
    # A crash here leaves a sealed clip that no row names; the sweep removes it.
    object_store().delete(verification.pending_key)


def verification_note(verification: Verification, actor: str) -> None:
    """The log's line about an answer; in the transaction that gives it."""
    record(
        event="verification.answered",
        tenant_id=verification.tenant_id,
        actor=actor,
        object_id=verification.pk,
        detail={
            "clip_sha256": verification.clip_sha256,
            "verdict": verification.verdict,
            "records": [mark["record"] for mark in verification.marks],
        },
    )


def _pending_clip(verification: Verification) -> bytes:
    sealed = object_store().get(verification.pending_key)
    return open_bytes(
        tenant_id=verification.tenant_id, handle="", purpose=PENDING, object_id=verification.pk, data=sealed
    )


def sweep_pending(*, tenant_id: UUID) -> int:
    """Remove a tenant's clips whose search has ended or never began (settings.SWEEPS).

    Returns:
        How many were removed.
    """
    store = object_store()
    # Young objects are left alone: their row may be written in this very moment.
    before = database_now() - ORPHAN_AFTER
    old = {info.key for info in store.find(f"{tenant_id}/{PENDING_KIND}/") if info.modified_at < before}
    waiting = Verification.objects.filter(tenant_id=tenant_id, pending_key__in=old).exclude(state__in=FINAL)
    orphans = old - set(waiting.values_list("pending_key", flat=True))
    for key in orphans:
        store.delete(key)
    return len(orphans)
