"""Claim, keep and end a job: every write names the fence it was given.

Times are the database's (clock_timestamp in the deciding statement); no two hosts' clocks are compared.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from isolation.scope import tenant_scope
from problems.errors import DomainError, Unavailable
from work.errors import AttemptsExhausted, JobCancelled, LeaseLost
from work.models import FINAL, Job, JobState, Outbox

log = logging.getLogger(__name__)

LEASE_S = 12  # a killed worker is noticed after so long; `pulse` keeps a living one every four seconds at least
MAX_ATTEMPTS = 8  # of which nothing was heard again or that broke in a way nobody foresaw; waiting is none
MOST_PAUSE_S = 60

# A row that stands is as good. Written by hand, because every job that is accepted pays for it.
_WAKE = """
INSERT INTO work_outbox (id, tenant_id, task, object_id, due_at, sent)
VALUES (gen_random_uuid(), %s, %s, %s, now(), 0) ON CONFLICT DO NOTHING
"""


class _ClockTimestamp(Now):
    template = "clock_timestamp()"

    def as_postgresql(self, compiler, connection, **extra):  # type: ignore[no-untyped-def]  # Django's own signature
        """Now() is the transaction's start; a lease needs the moment itself."""
        return self.as_sql(compiler, connection, template="clock_timestamp()", **extra)


CLOCK = _ClockTimestamp()


@dataclass(frozen=True)
class Lease:
    """The right to work on one job until the fence moves on."""

    model: type[Job]
    tenant_id: UUID
    job_id: UUID
    fence: int
    task: str

    def rows(self) -> QuerySet[Any]:
        """The job's row while this lease is the one in force; empty afterwards."""
        return self.model._default_manager.filter(pk=self.job_id, fence=self.fence, state=JobState.RUNNING)

    def keep(self, stage: str, progress: int, **fields: object) -> None:
        """Heartbeat: report progress, and whatever else the job's row tells of it; move the lease and the wake-up on.

        Raises:
            LeaseLost: another worker holds the job or it has ended.
            JobCancelled: somebody asked for it to stop.
        """
        with tenant_scope(self.tenant_id):
            row = self.rows().select_for_update().only("cancel_requested").first()
            if row is None:
                raise LeaseLost(job=str(self.job_id))
            if row.cancel_requested:
                raise JobCancelled(job=str(self.job_id))
            told = {"stage": stage, "progress": progress, **fields}
            self.rows().update(lease_until=CLOCK + timedelta(seconds=LEASE_S), **told)
            Outbox.objects.filter(task=self.task, object_id=self.job_id).update(
                due_at=CLOCK + timedelta(seconds=LEASE_S)
            )

    def end(self, state: JobState, **fields: object) -> None:
        """Write the final state inside the caller's transaction and take the wake-up away.

        Raises:
            LeaseLost: the fence has moved; the caller's transaction must roll back.
        """
        values = {"state": state, "finished_at": CLOCK, "lease_until": None, **fields}
        if state is JobState.DONE:
            values.setdefault("progress", 100)
        if self.rows().update(**values) != 1:
            raise LeaseLost(job=str(self.job_id))
        Outbox.objects.filter(task=self.task, object_id=self.job_id).delete()


def enqueue(*, tenant_id: UUID, task: str, object_id: UUID) -> None:
    """Write the wake-up for a job in the transaction that makes the job.

    Raises:
        RuntimeError: no transaction is open; the wake-up could outlive a job that was never made.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an outbox row belongs to the transaction of its act")
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, [tenant_id, task, object_id])


def claim(model: type[Job], *, tenant_id: UUID, job_id: UUID, task: str) -> Lease | None:
    """Take the job if it is free: queued, or running under a lease that has run out.

    Returns:
        The lease, or None when there is nothing to do (held, ended, gone). A job that killed or
        broke MAX_ATTEMPTS workers is ended as failed with `attempts-exhausted`.
    """
    with tenant_scope(tenant_id):
        rows = model._default_manager.select_for_update(skip_locked=True)
        free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, lease_until__lt=CLOCK)
        job = rows.filter(free, pk=job_id).first()
        if job is None:
            if not model._default_manager.filter(pk=job_id).exclude(state__in=FINAL).exists():
                Outbox.objects.filter(task=task, object_id=job_id).delete()
            return None
        fence = job.fence + 1
        model._default_manager.filter(pk=job_id).update(
            state=JobState.RUNNING,
            fence=fence,
            attempts=F("attempts") + 1,
            lease_until=CLOCK + timedelta(seconds=LEASE_S),
        )
        Outbox.objects.filter(task=task, object_id=job_id).update(
            due_at=CLOCK + timedelta(seconds=LEASE_S), begun=True
        )
        lease = Lease(model, tenant_id, job_id, fence, task)
        if job.attempts >= MAX_ATTEMPTS:
            fail(lease, AttemptsExhausted())
            return None
        if job.cancel_requested:
            lease.end(JobState.CANCELLED)
            return None
        return lease


def fail(lease: Lease, error: DomainError) -> None:
    """End the job as failed (or cancelled) with the code a caller would have been told."""
    state = JobState.CANCELLED if isinstance(error, JobCancelled) else JobState.FAILED
    with tenant_scope(lease.tenant_id):
        lease.end(state, problem_code=error.code, problem_detail=error.detail[:300])


def run(lease: Lease, work: Callable[[Lease], None]) -> None:
    """Do the work under the lease and turn every domain error into the job's final state.

    A part that does not answer (Unavailable, or the database itself) is waited for, as long as it takes: it is not
    the job's fault, so it does not count as an attempt. An unexpected exception is not swallowed: the lease is given
    back at once so that the next attempt can start, and the exception goes on to the task runner's log.
    """
    try:
        work(lease)
    except LeaseLost:
        log.warning("lease lost", extra={"job": str(lease.job_id), "fence": lease.fence})
    except Unavailable as error:
        log.warning("work waits", extra={"job": str(lease.job_id), "code": error.code})
        give_back(lease, counted=False)
    except DomainError as error:
        _fail_or_leave(lease, error)
    except OperationalError:
        connection.close_if_unusable_or_obsolete()
        give_back(lease, counted=False)
        raise
    except Exception:
        give_back(lease)
        raise


def _fail_or_leave(lease: Lease, error: DomainError) -> None:
    try:
        fail(lease, error)
    except LeaseLost:
        log.warning("ended meanwhile", extra={"job": str(lease.job_id), "code": error.code})


def give_back(lease: Lease, *, counted: bool = True) -> None:
    """Let the lease run out now; the relay wakes the next attempt after a pause that doubles with each.

    What is not `counted` was not the job's fault: it has as many attempts left as before.
    """
    pause = timedelta(seconds=min(2**lease.fence, MOST_PAUSE_S))
    with tenant_scope(lease.tenant_id):
        lease.rows().update(lease_until=CLOCK, attempts=F("attempts") - (0 if counted else 1))
        Outbox.objects.filter(task=lease.task, object_id=lease.job_id).update(due_at=CLOCK + pause)


def cancel(model: type[Job], *, job_id: UUID, task: str) -> None:
    """Cancel inside the caller's transaction: a queued job ends at once, a running one at its next heartbeat."""
    waiting = model._default_manager.filter(pk=job_id, state=JobState.QUEUED)
    if waiting.update(state=JobState.CANCELLED, finished_at=CLOCK, cancel_requested=True):
        Outbox.objects.filter(task=task, object_id=job_id).delete()
    else:
        model._default_manager.filter(pk=job_id).exclude(state__in=FINAL).update(cancel_requested=True)
