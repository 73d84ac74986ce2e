"""The erasure itself: steps that are stored, in an order that is fixed, each safe to repeat.

  requested  the speaker is `erasing`: from that commit on no release, no new job, no sealing
  ledger     a signed note outside the database, before anything is destroyed
  holdings   in the order of settings.HOLDINGS, one transaction each with its step's row
  keys       the person's keys are shredded; nothing that was sealed under them opens again
  inventory  every holding is asked again, and the key store; all must be empty
  certified  certificate, log entry, `erased` and the end of the job in one transaction

A worker that dies anywhere leaves the steps before it done and the rest to the next attempt, which
comes by the lease and the outbox like every job's. A store that does not answer is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.module_loading import import_string

from audit.services import record
from audit.signing import CERTIFICATE, signer_ensure
from erasure.certificate import EVENT, Certificate, digest, issue
from erasure.errors import ErasureIncomplete
from erasure.holdings import Holding, Subject
from erasure.ledger import ERASURE, ledger_note
from erasure.models import Erasure, ErasureStep
from isolation.scope import database_now, tenant_scope
from problems.errors import Unavailable
from speakers.models import Speaker, SpeakerState
from storage.keys import key_store
from work.leases import CLOCK, Lease, claim, enqueue, run
from work.models import JobState

TASK = "erasure.run"
KEYS = "keys"
ROUNDS = 3


class ErasureInterrupted(Exception):
    """A store does not answer now; the attempt ends and the next one goes on."""


def holdings() -> list[Holding]:
    """Who keeps data about people, in the order of destruction."""
    return [import_string(name)() for name in settings.HOLDINGS]


def erasure_run(*, tenant_id: UUID, job_id: UUID) -> None:
    """Carry one erasure as far as it goes; safe to run twice."""
    lease = claim(Erasure, tenant_id=tenant_id, job_id=job_id, task=TASK)
    if lease is not None:
        run(lease, _work)


def erasure_resume(*, tenant_id: UUID) -> int:
    """Take up erasures that were given up (a store was away for long); called by the sweep.

    Returns:
        How many were put back into the queue.
    """
    failed = Erasure.objects.select_for_update().filter(tenant_id=tenant_id, state=JobState.FAILED)
    for erasure in failed:
        requeue(erasure)
    return len(failed)


def requeue(erasure: Erasure) -> None:
    """Put a failed erasure back into the queue, inside the caller's transaction."""
    Erasure.objects.filter(pk=erasure.pk, state=JobState.FAILED).update(
        state=JobState.QUEUED, attempts=0, finished_at=None, problem_code="", problem_detail=""
    )
    enqueue(tenant_id=erasure.tenant_id, task=TASK, object_id=erasure.pk)


def _work(lease: Lease) -> None:
    try:
        with tenant_scope(lease.tenant_id):
            subject = Erasure.objects.get(pk=lease.job_id).subject
        # A crash after the note and before the first step: the note stands, and nothing is destroyed yet.
        _note(lease, subject)
        _destroy(lease, subject)
        _take_inventory(lease, subject)
        _certify(lease)
    except ErasureIncomplete:
        raise
    except Unavailable as error:
        raise ErasureInterrupted(error.code) from error


def _note(lease: Lease, subject: Subject) -> None:
    ids = {"tenant_id": subject.tenant_id, "object_id": subject.speaker_id, "act_id": lease.job_id}
    ledger_note(kind=ERASURE, handle=subject.handle, **ids)


def _destroy(lease: Lease, subject: Subject) -> None:
    answerers = holdings()
    for position, holding in enumerate(answerers):
        lease.keep(f"holding {position + 1} of {len(answerers)}", 100 * position // (len(answerers) + 2))
        _step(lease, subject, position, holding)
    lease.keep(KEYS, 90)
    _shred(lease, subject, len(answerers))


def _step(lease: Lease, subject: Subject, position: int, holding: Holding) -> None:
    """Destroy one holding unless its step is done.

    What it holds is counted and stored first: a crash after the destruction and before its commit
    would otherwise certify that nothing had been there.
    """
    with tenant_scope(lease.tenant_id):
        step = _opened(lease, position, holding.name, lambda: len(holding.left(subject)))
    if step.done_at is None:
        with tenant_scope(lease.tenant_id):
            holding.destroy(subject)
            _done(step)


def _shred(lease: Lease, subject: Subject, position: int) -> None:
    """Shred the keys. They lie outside the database: a crash after the shred repeats it, to no effect."""
    with tenant_scope(lease.tenant_id):
        step = _opened(lease, position, KEYS, lambda: 1)
    key_store().shred(subject.handle)
    # Other processes may go on for so long with a key that they have read; then nobody holds one any more.
    time.sleep(key_store().cache_s)
    with tenant_scope(lease.tenant_id):
        _done(step)


def _opened(lease: Lease, position: int, name: str, count: Callable[[], int]) -> ErasureStep:
    found = ErasureStep.objects.filter(erasure=lease.job_id, position=position).first()
    return found or ErasureStep.objects.create(
        tenant_id=lease.tenant_id, erasure_id=lease.job_id, position=position, name=name, destroyed=count()
    )


def _done(step: ErasureStep) -> None:
    ErasureStep.objects.filter(pk=step.pk, done_at__isnull=True).update(done_at=CLOCK)


def _take_inventory(lease: Lease, subject: Subject) -> None:
    """Ask everybody again. What a job that was still running has written meanwhile is destroyed now.

    Raises:
        ErasureIncomplete: something is still named after ROUNDS rounds.
    """
    left: list[str] = []
    for _ in range(ROUNDS):
        lease.keep("inventory", 95)
        left = _left(lease, subject)
        if not left:
            return
        for position, holding in enumerate(holdings()):
            with tenant_scope(lease.tenant_id):
                late = ErasureStep.objects.filter(erasure=lease.job_id, position=position)
                late.update(destroyed=F("destroyed") + len(holding.left(subject)))
                holding.destroy(subject)
        key_store().shred(subject.handle)
    raise ErasureIncomplete(f"{len(left)} things are left, the first: {left[0]}")


def _left(lease: Lease, subject: Subject) -> list[str]:
    with tenant_scope(lease.tenant_id):
        left = [name for holding in holdings() for name in holding.left(subject)]
    return left + ([f"keys {subject.handle}"] if key_store().exists(subject.handle) else [])


def _certify(lease: Lease) -> None:
    """One transaction: no certificate without its entry, no `erased` without a certificate."""
    signer = signer_ensure(CERTIFICATE)
    with transaction.atomic(), tenant_scope(lease.tenant_id):
        erasure = Erasure.objects.get(pk=lease.job_id)
        certificate = _certificate(erasure)
        note = issue(certificate, signer)
        entry = record(
            event=EVENT,
            tenant_id=erasure.tenant_id,
            actor="system",
            object_id=erasure.pk,
            detail={"speaker": str(erasure.speaker_id), "destroyed": certificate.destroyed},
            public={"certificate": digest(note)},
        )
        Speaker.objects.filter(pk=erasure.speaker_id).update(state=SpeakerState.ERASED)
        lease.end(JobState.DONE, certificate=note, entry=entry, stage="certified")


def _certificate(erasure: Erasure) -> Certificate:
    steps = ErasureStep.objects.filter(erasure=erasure).order_by("position")
    return Certificate(
        id=str(erasure.pk),
        tenant=str(erasure.tenant_id),
        speaker=str(erasure.speaker_id),
        keys=erasure.handle,
        requested_at=erasure.created_at.astimezone(UTC).isoformat(),
        certified_at=database_now().astimezone(UTC).isoformat(),
        destroyed={step.name: step.destroyed for step in steps},
        key_backup_days=getattr(settings, "KEY_BACKUP_DAYS", 0),
    )
