"""The check of spoken evidence, in a worker. It can refuse; a pass leaves the decision to an officer."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from audio.clip import Clip
from audio.decode import decode
from audit.services import record
from consent.checks import Finding, findings_for, refused
from consent.models import Consent, Evidence, Outcome
from consent.selectors import evidence_approved_before, evidence_open
from consent.states import State
from isolation.scope import tenant_scope
from speakers.errors import SpeakerErased
from speakers.models import SpeakerState
from work.leases import Lease, claim, run
from work.models import JobState
from work.pulse import Pulse

TASK = "consent.check_evidence"


def evidence_check(*, tenant_id: UUID, job_id: UUID) -> None:
    """Run the automatic checks on one piece of evidence; safe to run twice."""
    lease = claim(Evidence, tenant_id=tenant_id, job_id=job_id, task=TASK)
    if lease is not None:
        run(lease, _check)


def _check(lease: Lease) -> None:
    lease.keep("listening", 10)
    with tenant_scope(lease.tenant_id):
        evidence = Evidence.objects.select_related("challenge", "consent__speaker").get(pk=lease.job_id)
        clip, earlier = _clips(evidence)
    # No transaction is open while the checks run: they take as long as they take.
    challenge = evidence.challenge
    with Pulse(lease, "listening"):
        findings = findings_for(clip, phrase=challenge.phrase, locale=challenge.locale, earlier=earlier)
    with transaction.atomic(), tenant_scope(lease.tenant_id):
        _write(lease, evidence, findings)


def _clips(evidence: Evidence) -> tuple[Clip, Clip | None]:
    speaker = evidence.consent.speaker
    if speaker.state != SpeakerState.ACTIVE:
        raise SpeakerErased(speaker=str(speaker.pk))
    earlier = evidence_approved_before(evidence.consent)
    spoken = decode(evidence_open(evidence, speaker))
    return spoken, decode(evidence_open(earlier, speaker)) if earlier is not None else None


def _write(lease: Lease, evidence: Evidence, findings: list[Finding]) -> None:
    """State, findings and log in one transaction; the lease's fence decides whether they are ours to write."""
    consent = Consent.objects.select_for_update(of=("self",)).select_related("speaker").get(pk=evidence.consent_id)
    against = refused(findings)
    outcome = Outcome.REFUSED if against else Outcome.PASSED
    lease.end(JobState.DONE, outcome=outcome, findings=findings, stage="checked")
    if outcome == Outcome.PASSED and consent.state == State.DRAFT:
        Consent.objects.filter(pk=consent.pk).update(state=State.PENDING)
    record(
        event="consent.evidence_refused" if against else "consent.evidence_passed",
        tenant_id=consent.tenant_id,
        actor="system",
        object_id=consent.pk,
        subject_handle=consent.speaker.key_handle,
        detail={"evidence": str(evidence.pk), "refused_by": against},
    )
