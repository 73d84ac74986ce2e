"""Ingest: an upload becomes a sealed recording, or is rejected with a reason, and leaves the intake place.

The order is: claim, read, judge (gate, sandboxed decode, measures, speaker, mark), seal and store, then one
transaction that locks the consent, ends the job and records it. Only after that is the upload destroyed. Safe to
run twice: a second worker finds the fence moved, and a sound that was stored by a loser is removed or swept.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.utils.module_loading import import_string

from audio.clip import Clip
from audio.decode import decode
from audio.encode import Format, encode
from audio.headers import Limits
from audio.resample import resample
from audit.services import record
from isolation.scope import database_now, tenant_scope
from problems.errors import DomainError, Unavailable
from storage.errors import ObjectMissing
from storage.objects import intake_store, object_store
from storage.sealing import seal_bytes
from voices.enrolment import Judgement, judge
from voices.errors import RecordingMarked, RecordingOfAnother, RecordingUnusable, UploadMissing
from voices.holdings import object_prefix, upload_empty
from voices.likeness import own_share
from voices.measures import RATE_HZ, Measures, measure, trim
from voices.models import (
    ADAPTER_KIND,
    HASH,
    INGEST_TASK,
    PICTURE_ENDING,
    RECORDING_KIND,
    SOUND,
    Recording,
    VoiceVersion,
)
from voices.selectors import consent_to_enrol, reference_of
from work.errors import JobCancelled, LeaseLost
from work.leases import Lease, claim, run
from work.models import JobState
from work.pulse import Pulse

log = logging.getLogger(__name__)

TAKE_LIMITS = Limits()  # published with the upload's answer
ORPHAN_AFTER = timedelta(minutes=30)


def recording_ingest(*, tenant_id: UUID, job_id: UUID) -> None:
    """Judge one recording and keep it, or reject it with a reason; safe to run twice."""
    lease = claim(Recording, tenant_id=tenant_id, job_id=job_id, task=INGEST_TASK)
    if lease is not None:
        run(lease, _ingest)


@dataclass(frozen=True)
class _Judged:
    """What came of a take: its sound as it is kept, and everything that was found."""

    sound: bytes
    sha256: str
    length_s: float
    measures: Measures
    judgement: Judgement


def _ingest(lease: Lease) -> None:
    recording = _recording(lease)
    try:
        with Pulse(lease) as pulse:  # the mark's search reports nothing by itself
            pulse.told("judging", 5)
            judged = _judged(recording)
        _accept(lease, recording, judged)
    except (LeaseLost, JobCancelled, Unavailable):
        raise  # whoever took the job away has seen to the upload; what is waited for needs it
    except DomainError as error:
        _reject(lease, recording, error)
    # A crash here leaves a voice in clear in the intake: the sweep of the intake and the erasure look there.
    with tenant_scope(lease.tenant_id):
        upload_empty(recording.upload)


def _recording(lease: Lease) -> Recording:
    with tenant_scope(lease.tenant_id):
        return Recording.objects.select_related("speaker", "upload").get(pk=lease.job_id)


# --- Judging ------------------------------------------------------------------------------------------


def _judged(recording: Recording) -> _Judged:
    """Gate, decode, measure, compare, look for our mark; in the order of cost.

    Raises:
        UploadMissing; what `audio.decode.decode` raises; RecordingUnusable, RecordingOfAnother, RecordingMarked.
    """
    data = _upload_bytes(recording)
    clip = decode(data, TAKE_LIMITS).mono()
    take = resample(clip, RATE_HZ)
    measures = _measured(take)
    kept = trim(take)
    judgement = judge(measures, own_share=_own_share(recording, kept, measures))
    _refuse_useless(judgement, measures)
    _refuse_our_own(clip)
    sound = encode(kept, Format.FLAC).data
    return _Judged(sound, hashlib.sha256(data).hexdigest(), kept.length_s, measures, judgement)


def _upload_bytes(recording: Recording) -> bytes:
    try:
        return intake_store().get(recording.upload.object_key)
    except ObjectMissing as error:
        raise UploadMissing(upload=str(recording.upload_id)) from error


def _measured(take: Clip) -> Measures:
    if take.length_s < 0.1:
        raise RecordingUnusable("The recording lasts less than a tenth of a second", measures={}, findings=[])
    return measure(take)


def _own_share(recording: Recording, kept: Clip, measures: Measures) -> float | None:
    # Nothing to compare where there is no speech, and with whom is known from the consent on.
    with tenant_scope(recording.tenant_id):
        reference = reference_of(recording)
    if reference is None or measures.speech_s < 0.3:
        return None
    compare = import_string(settings.SPEAKER_CHECK)
    return own_share(kept, reference, lambda one, other: compare(one, other).same)


def _refuse_useless(judgement: Judgement, measures: Measures) -> None:
    refusal = judgement.refusal
    if refusal is None:
        return
    facts = {"measures": measures.as_dict(), "findings": findings_document(judgement)}
    raise (RecordingOfAnother if refusal.code == "other-speaker" else RecordingUnusable)(refusal.advice, **facts)


def _refuse_our_own(clip: Clip) -> None:
    if import_string(settings.CONSENT_MARK_CHECK)(clip):
        raise RecordingMarked()


def findings_document(judgement: Judgement) -> list[dict[str, object]]:
    """The findings as they stand on the row and in the answer."""
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "measured": finding.measured,
            "bound": finding.bound,
            "advice": finding.advice,
        }
        for finding in judgement.findings
    ]


# --- Ending -------------------------------------------------------------------------------------------


def _accept(lease: Lease, recording: Recording, judged: _Judged) -> None:
    key = f"{object_prefix(recording.tenant_id, RECORDING_KIND, recording.speaker_id)}{uuid4()}"
    sealed_hash = _sealed(recording, HASH, judged.sha256.encode())
    object_store().put(key, _sealed(recording, SOUND, judged.sound), if_absent=True)
    try:
        with tenant_scope(lease.tenant_id):
            # The consent's row first, as everywhere: a withdrawal holds it while it cancels recordings.
            consent_to_enrol(
                tenant_id=recording.tenant_id,
                speaker_id=recording.speaker_id,
                consent_id=recording.consent_id,
                lock=True,
            )
            _still_wanted(lease)
            lease.end(
                JobState.DONE,
                stage="accepted",
                object_key=key,
                sealed_hash=sealed_hash,
                length_s=judged.length_s,
                weight=judged.judgement.weight,
                measures=judged.measures.as_dict(),
                findings=findings_document(judged.judgement),
            )
            _recorded("recording.accepted", recording, {"sha256": judged.sha256, "length_s": judged.length_s})
    except DomainError:
        # Only a refusal is sure not to have committed; after any other error the sweep decides by the row.
        object_store().delete(key)
        raise


def _reject(lease: Lease, recording: Recording, error: DomainError) -> None:
    with tenant_scope(lease.tenant_id):
        _still_wanted(lease)
        lease.end(
            JobState.FAILED,
            stage="rejected",
            problem_code=error.code,
            problem_detail=error.detail[:300],
            measures=error.facts.get("measures", {}),
            findings=error.facts.get("findings", []),
        )
        _recorded("recording.rejected", recording, {"code": error.code})


def _still_wanted(lease: Lease) -> None:
    """Lock the row, so that a deletion or an erasure comes before the end or after it, never between."""
    mine = Recording.objects.filter(pk=lease.job_id, fence=lease.fence, state=JobState.RUNNING)
    row = mine.select_for_update().first()
    if row is None:
        raise LeaseLost(job=str(lease.job_id))
    if row.cancel_requested:
        raise JobCancelled(job=str(lease.job_id))


def _recorded(event: str, recording: Recording, detail: dict[str, object]) -> None:
    record(
        event=event,
        tenant_id=recording.tenant_id,
        actor="system",
        object_id=recording.pk,
        subject_handle=recording.speaker.key_handle,
        detail={"consent": str(recording.consent_id), **detail},
    )


def _sealed(recording: Recording, purpose: str, data: bytes) -> bytes:
    return seal_bytes(
        tenant_id=recording.tenant_id,
        handle=recording.speaker.key_handle,
        purpose=purpose,
        object_id=recording.pk,
        data=data,
    )


# --- Sweep --------------------------------------------------------------------------------------------


def sweep_orphans(*, tenant_id: UUID) -> int:
    """Remove recordings and adapters that no row names: a worker died between storing and ending.

    Returns:
        How many were removed. Called by ``manage.py sweep`` in the tenant's scope.
    """
    store = object_store()
    # Young objects are left alone: their row may be written in this very moment.
    before = database_now() - ORPHAN_AFTER
    kinds = (RECORDING_KIND, ADAPTER_KIND)
    old = {info.key for kind in kinds for info in store.find(f"{tenant_id}/{kind}/") if info.modified_at < before}
    named = set(Recording.objects.filter(object_key__in=old).values_list("object_key", flat=True))
    adapters = {key.removesuffix(PICTURE_ENDING) for key in old}
    versions = VoiceVersion.objects.filter(adapter_object__in=adapters).values_list("adapter_object", flat=True)
    named |= {key + ending for key in versions for ending in ("", PICTURE_ENDING)}
    for key in old - named:
        store.delete(key)
    return len(old - named)
