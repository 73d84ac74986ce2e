"""What a job keeps in the object store while it is under way: a recording to be converted, a training half done.

One object for each job, named by its id in the folder of its speaker, sealed under the key of that person. It is of no
use once the job has ended, and destroyed then; what a worker that died has left, the sweeps take.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from isolation.scope import database_now, tenant_scope
from storage.objects import object_store
from synthesis.models import GovernedJob
from work.leases import Lease
from work.models import FINAL

ORPHAN_AFTER = timedelta(minutes=30)


def attachment_key(kind: str, job: GovernedJob, speaker_id: UUID) -> str:
    """Where it lies; `kind` is the folder of all that are alike."""
    return f"{job.tenant_id}/{kind}/{speaker_id}/{job.pk}"


def attachment_end(lease: Lease, kind: str, model: type[GovernedJob]) -> None:
    """Destroy it once its job has ended; one that is to be tried again keeps it."""
    with tenant_scope(lease.tenant_id):
        row = model._default_manager.select_related("consent").filter(pk=lease.job_id, state__in=FINAL).first()
    if row is not None:
        object_store().delete(attachment_key(kind, row, row.consent.speaker_id))


def attachments_sweep(*, tenant_id: UUID, kind: str, model: type[GovernedJob]) -> int:
    """Remove a tenant's attachments whose job has ended, or was never written; runs inside the tenant's scope.

    Returns:
        How many were removed.
    """
    store, before = object_store(), database_now() - ORPHAN_AFTER
    there = {info.key: info.modified_at for info in store.find(f"{tenant_id}/{kind}/")}
    names = {key: key.rsplit("/", 1)[1] for key in there}
    rows = model._default_manager.filter(tenant_id=tenant_id, pk__in=names.values())
    states = {str(pk): state for pk, state in rows.values_list("pk", "state")}
    # What is young and has no row may be about to get one.
    over = [key for key, name in names.items()
            if states.get(name) in FINAL or (name not in states and there[key] < before)]  # fmt: skip
    for key in over:
        store.delete(key)
    return len(over)
