"""A training half done, kept for the worker that takes it up when this one has died."""

from __future__ import annotations

import logging
from uuid import UUID

from storage.errors import ObjectMissing
from storage.objects import object_store
from storage.sealing import open_bytes, seal_bytes
from synthesis.attachments import attachment_key, attachments_sweep
from synthesis.models import HALFWAY, HALFWAY_KIND, FineTune

log = logging.getLogger(__name__)


def halfway_keep(tune: FineTune, state: bytes) -> None:
    """Keep what the training goes on from, in the place of what was kept before."""
    sealed = seal_bytes(
        tenant_id=tune.tenant_id, handle=tune.subject_handle, purpose=HALFWAY, object_id=tune.pk, data=state
    )
    object_store().put(_key(tune), sealed)


def halfway_open(tune: FineTune) -> bytes | None:
    """What was kept last, None when nothing was."""
    try:
        sealed = object_store().get(_key(tune))
    except ObjectMissing:
        return None
    log.info("training goes on", extra={"job": str(tune.pk)})
    return open_bytes(
        tenant_id=tune.tenant_id, handle=tune.subject_handle, purpose=HALFWAY, object_id=tune.pk, data=sealed
    )


def sweep_halfway(*, tenant_id: UUID) -> int:
    """Remove what a tenant's trainings that have ended left (settings.SWEEPS)."""
    return attachments_sweep(tenant_id=tenant_id, kind=HALFWAY_KIND, model=FineTune)


def _key(tune: FineTune) -> str:
    return attachment_key(HALFWAY_KIND, tune, tune.consent.speaker_id)
