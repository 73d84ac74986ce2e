"""Write a voice out as a file.

 1. the job is claimed and the consent is asked again: `may_export`, purpose, territory, recipient
 2. a record id is issued, and the key that belongs to this export alone
 3. the graph is written, adapter merged and mark inside, with everything that lies beside it
 4. the file itself is made to speak, and its mark is found in what it says; otherwise it ends here
 5. the bundle is sealed under the speaker's key and stored under a name that nothing points to
 6. release: one transaction locks the consent, ends the job under its fence and logs it

A crash before 6 leaves nothing that anybody can reach; after 5 an orphan for the sweep.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from audit.services import record
from consent.models import Consent
from consent.selectors import receipt_get
from isolation.scope import database_now, tenant_scope
from problems.errors import DomainError
from storage.objects import object_store
from storage.sealing import seal_bytes
from synthesis.enginehost import HOST
from synthesis.exports import bundle
from synthesis.exports.hearing import heard
from synthesis.exports.models import EXPORT, EXPORT_KIND, EXPORT_TASK, Export
from synthesis.exports.selectors import use_of
from synthesis.selectors import consent_asked
from voices.models import VoiceVersion
from voices.selectors import adapter_open, picture_open, version_get
from watermark.codec.portable import tables
from watermark.services import Issue, leaving_issue
from work.errors import LeaseLost
from work.leases import CLOCK, Lease, claim, run
from work.models import JobState
from work.pulse import Pulse

ORPHAN_AFTER = timedelta(minutes=30)


@dataclass(frozen=True)
class Written:
    """A bundle that is not stored and not released, and how sure its mark is."""

    data: bytes
    issue: Issue
    read_back_p: float


def export_make(*, tenant_id: UUID, job_id: UUID) -> None:
    """Write one voice out; safe to run twice, and at once in two places."""
    lease = claim(Export, tenant_id=tenant_id, job_id=job_id, task=EXPORT_TASK)  # 1
    if lease is not None:
        with suppress(LeaseLost):
            run(lease, _make)


def _make(lease: Lease) -> None:
    with Pulse(lease, "reading") as pulse:
        row, version, receipt = _ordered(lease)  # 1
        issue = leaving_issue(tenant_id=lease.tenant_id, export_id=row.pk)  # 2
        with tenant_scope(lease.tenant_id):
            adapter, picture = adapter_open(version), picture_open(version)
        pulse.told("writing the voice", 10)
        engine = HOST.engine
        portable = engine.portable(
            engine.load_voice(adapter), tables(issue.key), language=version.voice.language, precision=row.precision
        )  # 3
        pulse.told("listening to the file", 70)
        p_value = heard(portable, issue.key)  # 4
        parts = bundle.Parts(
            portable.model, portable.config, portable.tokens, _card(row, version, issue), picture, receipt
        )
        written = Written(bundle.write(parts), issue, p_value)
        key = _stored(row, written.data)  # 5
    try:
        export_release(lease, row, written, key)  # 6
    except DomainError:
        object_store().delete(key)
        raise


def _ordered(lease: Lease) -> tuple[Export, VoiceVersion, dict[str, Any]]:
    with tenant_scope(lease.tenant_id):
        row = Export.objects.select_related("version__voice", "consent").get(pk=lease.job_id)
        version = version_get(lease.tenant_id, row.version_id)
        consent = _asked(row, version.voice.speaker_id, lock=False)
        return row, version, receipt_get(consent, "given")


def _asked(row: Export, speaker_id: UUID, *, lock: bool) -> Consent:
    return consent_asked(
        tenant_id=row.tenant_id, consent_id=row.consent_id, speaker_id=speaker_id, use=use_of(row), lock=lock
    )


def _card(row: Export, version: VoiceVersion, issue: Issue) -> dict[str, Any]:
    return {
        "export": str(row.pk),
        "voice_version": str(version.pk),
        "language": version.voice.language,
        "base_sha256": version.base_sha256,
        "precision": row.precision,
        "mark": {"record": f"{issue.record:012x}", "epoch": issue.key.epoch},
        "measures": version.measures,
    }


def _stored(row: Export, data: bytes) -> str:
    key = f"{row.tenant_id}/{EXPORT_KIND}/{row.consent.speaker_id}/{uuid4()}"
    sealed = seal_bytes(
        tenant_id=row.tenant_id, handle=row.subject_handle, purpose=EXPORT, object_id=row.pk, data=data
    )
    object_store().put(key, sealed, if_absent=True)
    return key


def export_release(lease: Lease, row: Export, written: Written, key: str) -> None:
    """Make the file reachable, or not: as for a sound, the consent's row is locked until the commit.

    Raises:
        Refused: the consent has ended or does not allow it. LeaseLost: it was cancelled, or is another worker's.
    """
    with tenant_scope(lease.tenant_id):
        _asked(row, row.consent.speaker_id, lock=True)
        lease.end(
            JobState.DONE,
            stage="released",
            object_key=key,
            released_at=CLOCK,
            record=written.issue.record,
            read_back_p=written.read_back_p,
            media_bytes=len(written.data),
            media_sha256=hashlib.sha256(written.data).hexdigest(),
        )
        record(
            event="export.released",
            tenant_id=lease.tenant_id,
            actor="system",
            object_id=row.pk,
            subject_handle=row.subject_handle,
            detail={
                "voice_version": str(row.version_id),
                "consent": str(row.consent_id),
                "record": f"{written.issue.record:012x}",
            },
        )


def sweep_orphans(*, tenant_id: UUID) -> int:
    """Remove a tenant's exports that no row names (settings.SWEEPS).

    Returns:
        How many were removed.
    """
    store, before = object_store(), database_now() - ORPHAN_AFTER
    old = {info.key for info in store.find(f"{tenant_id}/{EXPORT_KIND}/") if info.modified_at < before}
    rows = Export.objects.filter(tenant_id=tenant_id, object_key__in=old)
    orphans = old - set(rows.values_list("object_key", flat=True))
    for key in orphans:
        store.delete(key)
    return len(orphans)
