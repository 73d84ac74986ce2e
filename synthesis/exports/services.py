"""Accept exports, hand them out, and stop when a consent ends. Each function is one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from audit.services import record
from consent.rules import Use
from consent.selectors import consent_to_use
from storage.objects import object_store
from storage.sealing import open_bytes
from synthesis.engine import NotPortable
from synthesis.errors import Quarantined
from synthesis.exports.errors import ExportNotReady
from synthesis.exports.models import EXPORT, EXPORT_TASK, Export, Precision
from synthesis.exports.selectors import export_get, use_of
from synthesis.selectors import consent_asked
from tenants.actor import Actor
from tenants.errors import PersonNeeded
from tenants.services import quota_take
from voices.selectors import version_get
from work.errors import JobFinished
from work.leases import CLOCK, cancel, enqueue
from work.models import FINAL, JobState, Outbox

EXPORTS_A_MONTH = 100


@transaction.atomic
def export_request(
    *, actor: Actor, version_id: UUID, use: Use, precision: str = Precision.FLOAT, consent_id: UUID | None = None
) -> Export:
    """Ask for a version of a voice as a file.

    Args:
        use: purpose, territory and recipient of the file; its act is "export".

    Raises:
        PersonNeeded: a service key asks; a voice leaves only in a named person's hands.
        NotFound, Gone: no such version. NotPortable: it is a preview.
        Refused: the consent does not allow it now; see ``consent.errors``.
        QuotaExhausted: the month's exports are used up.
    """
    if not actor.is_person:
        raise PersonNeeded(needed="voices:export")
    version = version_get(actor, version_id)
    if version.preview:
        raise NotPortable()
    speaker = version.voice.speaker
    consent_id = consent_id or consent_to_use(tenant_id=actor.tenant_id, speaker_id=speaker.pk)
    consent_asked(tenant_id=actor.tenant_id, consent_id=consent_id, speaker_id=speaker.pk, use=use, lock=False)
    quota_take(actor=actor, what="exports", amount=1, allowed=EXPORTS_A_MONTH)
    export = Export.objects.create(
        tenant_id=actor.tenant_id,
        version=version,
        consent_id=consent_id,
        subject_handle=speaker.key_handle,
        requested_by=actor.label,
        purpose=use.purpose,
        territory=use.territory,
        recipient=use.recipient,
        precision=precision,
    )
    _recorded("export.requested", actor, export, {"voice_version": str(version.pk), "consent": str(consent_id)})
    enqueue(tenant_id=actor.tenant_id, task=EXPORT_TASK, object_id=export.pk)
    return export


@transaction.atomic
def export_cancel(*, actor: Actor, export_id: UUID) -> Export:
    """Stop an export: at once while it waits, at its next heartbeat while it runs.

    Raises:
        NotFound, Gone. JobFinished: it has already ended.
    """
    export = export_get(actor, export_id)
    if export.state in FINAL:
        raise JobFinished(state=export.state)
    cancel(Export, job_id=export.pk, task=EXPORT_TASK)
    _recorded("export.cancelled", actor, export, {"was": export.state})
    return export_get(actor, export_id)


@dataclass(frozen=True)
class Bundle:
    """A released file on its way out."""

    data: bytes
    sha256: str


@transaction.atomic
def export_download(*, actor: Actor, export_id: UUID) -> Bundle:
    """Hand the file out; the consent is asked again every time, and every time is on the log.

    Raises:
        PersonNeeded: a service key asks. NotFound, Gone. ExportNotReady: there is no file.
        Refused: the consent has ended. Quarantined.
    """
    if not actor.is_person:
        raise PersonNeeded(needed="voices:export")
    export = export_get(actor, export_id)
    if export.state != JobState.DONE:
        raise ExportNotReady(state=export.state)
    speaker_id = export.consent.speaker_id
    consent_asked(
        tenant_id=actor.tenant_id, consent_id=export.consent_id, speaker_id=speaker_id, use=use_of(export), lock=True
    )
    if export.quarantined_at is not None:
        raise Quarantined(reason=export.quarantine_reason)
    data = open_bytes(
        tenant_id=export.tenant_id,
        handle=export.subject_handle,
        purpose=EXPORT,
        object_id=export.pk,
        data=object_store().get(export.object_key),
    )
    _recorded("export.downloaded", actor, export, {"bytes": len(data)})
    return Bundle(data, export.media_sha256)


def _recorded(event: str, actor: Actor, export: Export, detail: dict[str, object]) -> None:
    record(
        event=event,
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=export.pk,
        subject_handle=export.subject_handle,
        detail=detail,
    )


def consent_ended(*, tenant_id: UUID, consent_id: UUID, reason: str) -> None:
    """Stop exports that hang on a consent, in the transaction that ends it (settings.CONSENT_REACTIONS).

    What is waiting or running is cancelled, what is finished is put away. A file that was handed out stays with
    whoever holds it; a withdrawal works forward.
    """
    code = f"consent-{reason}"
    rows = Export.objects.filter(tenant_id=tenant_id, consent_id=consent_id)
    stopped = list(rows.exclude(state__in=FINAL).select_for_update().values_list("pk", flat=True))
    rows.filter(pk__in=stopped).update(
        state=JobState.CANCELLED, finished_at=CLOCK, lease_until=None, cancel_requested=True, problem_code=code
    )
    Outbox.objects.filter(task=EXPORT_TASK, object_id__in=stopped).delete()
    rows.filter(state=JobState.DONE, quarantined_at=None).update(quarantined_at=CLOCK, quarantine_reason=code)
