"""Say a recording in a voice: the steps of a synthesis (`synthesis.jobs`), with more to read in the first.

 1. the job is claimed and the consent asked again; the transcript is prepared; the recording is opened, decoded in the
    sandbox, judged, looked through for our own mark, and its words are listened for
 2. to 7. as for any synthesis
 8. the recording is destroyed, whatever came of it; a worker that dies before leaves that to the sweep
"""

from __future__ import annotations

import threading
from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from audio.clip import Clip
from audio.decode import decode
from audio.resample import resample
from consent.phrase_check import Listener, check
from storage.errors import ObjectMissing
from storage.objects import object_store
from storage.sealing import open_bytes
from synthesis.attachments import attachment_end, attachment_key, attachments_sweep
from synthesis.conversions.errors import SourceGone, SourceMarked, SourceUnusable, TranscriptDiffers
from synthesis.conversions.source import SOURCE_LIMITS
from synthesis.jobs import ordered, rendered
from synthesis.models import CONVERT_TASK, SOURCE, SOURCE_KIND, Synthesis
from synthesis.rendering import Conversion, Report, Spoken
from voices.enrolment import judge
from voices.jobs import findings_document
from voices.measures import RATE_HZ, measure
from work.errors import LeaseLost
from work.leases import Lease, claim, run

LEAST_S = 0.5
_LISTENING = threading.local()


def conversion_render(*, tenant_id: UUID, job_id: UUID) -> None:
    """Convert one recording; safe to run twice, and at once in two places."""
    lease = claim(Synthesis, tenant_id=tenant_id, job_id=job_id, task=CONVERT_TASK)  # 1
    if lease is None:
        return
    try:
        with suppress(LeaseLost):  # as for a synthesis
            run(lease, lambda held: rendered(held, lambda report: _ordered(held, report)))
    finally:
        attachment_end(lease, SOURCE_KIND, Synthesis)  # 8


def _ordered(lease: Lease, report: Report) -> tuple[Synthesis, Spoken]:
    row, speech = ordered(lease)
    clip = _source(row)
    report("judging the recording", 2)
    require_usable(clip)
    if import_string(settings.CONSENT_MARK_CHECK)(clip):
        raise SourceMarked()
    require_said(clip, speech.utterances.text, row.language)
    return row, Conversion(speech, clip)


def _source(row: Synthesis) -> Clip:
    try:
        sealed = object_store().get(attachment_key(SOURCE_KIND, row, row.consent.speaker_id))
    except ObjectMissing as error:
        raise SourceGone() from error
    data = open_bytes(
        tenant_id=row.tenant_id, handle=row.subject_handle, purpose=SOURCE, object_id=row.pk, data=sealed
    )
    return decode(data, SOURCE_LIMITS).mono()


def require_usable(clip: Clip) -> None:
    """Hold a recording against what enrolment asks of one.

    Raises:
        SourceUnusable: no speech, or too much noise.
    """
    if clip.length_s < LEAST_S:
        raise SourceUnusable("the recording lasts less than half a second", findings=[])
    judgement = judge(measure(resample(clip, RATE_HZ)))
    if judgement.refusal is not None:
        raise SourceUnusable(judgement.refusal.advice, findings=findings_document(judgement))


def require_said(clip: Clip, text: str, language: str) -> None:
    """Listen for the words, where a machine can: English, four words and more.

    Raises:
        TranscriptDiffers: something else is said.
    """
    finding = check(clip, text, language, _listener)
    if finding.verdict == "not_said":
        raise TranscriptDiffers(heard=finding.heard, of=finding.of)


def _listener() -> Listener:
    """This thread's own recogniser, loaded at its first use."""
    if not hasattr(_LISTENING, "listener"):
        _LISTENING.listener = Listener()
    listener: Listener = _LISTENING.listener
    return listener


def sweep_sources(*, tenant_id: UUID) -> int:
    """Remove a tenant's recordings whose conversion has ended, or was never written (settings.SWEEPS).

    Returns:
        How many were removed.
    """
    return attachments_sweep(tenant_id=tenant_id, kind=SOURCE_KIND, model=Synthesis)
