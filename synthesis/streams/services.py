"""Admit a stream, and release it window by window; each function is one transaction."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerAway
from redis.exceptions import RedisError

from audit.services import record
from consent.rules import Use
from isolation.scope import tenant_scope
from problems.errors import DomainError, registry
from storage.sealing import open_bytes
from synthesis.models import STREAM_TASK, WINDOW, Synthesis
from synthesis.selectors import consent_asked, synthesis_get, use_of
from synthesis.services import Order, synthesis_request
from synthesis.streams.errors import StreamBroken, StreamsBusy
from synthesis.streams.pipe import Arrived
from tenants.actor import Actor
from work.errors import JobCancelled
from work.leases import CLOCK
from work.models import FINAL, JobState, Outbox

log = logging.getLogger(__name__)
RELAY_AFTER_S = 2


def stream_request(
    *, actor: Actor, version_id: UUID, use: Use, order: Order, consent_id: UUID | None = None
) -> Synthesis:
    """Accept a text to be heard at once; a worker is told before this returns.

    Raises:
        as `synthesis_request`. StreamsBusy: the tenant listens to too many already.
    """
    with tenant_scope(actor.tenant_id):
        going = Synthesis.objects.filter(tenant_id=actor.tenant_id, streamed=True).exclude(state__in=FINAL)
        if going.count() >= settings.STREAMS_AT_ONCE:
            raise StreamsBusy(most=settings.STREAMS_AT_ONCE)
        synthesis = synthesis_request(
            actor=actor, version_id=version_id, use=use, order=order, consent_id=consent_id, streamed=True
        )
        _delay_relay(synthesis)
        transaction.on_commit(lambda: _wake(actor.tenant_id, synthesis.pk))
    return synthesis


def _delay_relay(synthesis: Synthesis) -> None:
    """Let the hint below come first; the outbox row stays what makes sure that somebody comes."""
    mine = Outbox.objects.filter(task=STREAM_TASK, object_id=synthesis.pk)
    mine.update(due_at=CLOCK + timedelta(seconds=RELAY_AFTER_S))


def _wake(tenant_id: UUID, synthesis_id: UUID) -> None:
    """Tell a worker now: the relay looks ten times a second, and a listener is waiting."""
    try:
        current_app.send_task(STREAM_TASK, args=[str(tenant_id), str(synthesis_id)], retry=False)
    except (BrokerAway, RedisError, OSError) as error:
        log.warning("the relay will tell", extra={"job": str(synthesis_id), "error": type(error).__name__})


def window_release(*, actor: Actor, synthesis_id: UUID, arrived: Arrived) -> bytes:
    """The bytes of a window that may leave now: the gate that a stream relies upon.

    The consent is read after every commit that came before this call and decided by the database's clock, so
    that after a withdrawal at most the window leaves that was being released while it committed.

    Raises:
        Refused: the consent has ended. Gone: the person was erased. SealBroken.
        DomainError: the code on the row, when the stream was stopped.
    """
    with tenant_scope(actor.tenant_id):
        row = synthesis_get(actor, synthesis_id)
        if row.state in FINAL:  # its worker waits for us: it can only have been stopped
            raise stopped_by(row)
        if row.cancel_requested:
            raise JobCancelled(job=str(row.pk))
        consent_asked(
            tenant_id=actor.tenant_id,
            consent_id=row.consent_id,
            speaker_id=row.version.voice.speaker_id,
            use=use_of(row),
            lock=False,
        )
    return open_bytes(
        tenant_id=actor.tenant_id,
        handle=row.subject_handle,
        purpose=WINDOW,
        object_id=f"{synthesis_id}/{arrived.number}",
        data=arrived.sealed,
    )


def stream_going(*, actor: Actor, synthesis_id: UUID) -> None:
    """Look whether a stream from which nothing comes was stopped: its worker may have died before it could say so.

    Raises:
        DomainError: it was, and why.
    """
    with tenant_scope(actor.tenant_id):
        row = synthesis_get(actor, synthesis_id)
    if row.state in FINAL and row.state != JobState.DONE:
        raise stopped_by(row)


def stream_outcome(*, actor: Actor, synthesis_id: UUID) -> Synthesis:
    """The row after the worker said that nothing more will come.

    Raises:
        DomainError: why it ended before its end. StreamBroken: nobody knows.
    """
    with tenant_scope(actor.tenant_id):
        row = synthesis_get(actor, synthesis_id)
    if row.state == JobState.DONE:
        return row
    raise stopped_by(row) if row.state in FINAL else StreamBroken


def stream_cut(*, actor: Actor, synthesis_id: UUID, error: DomainError, windows: int) -> None:
    """Write down that a stream ended early, after `windows` had left, and stop whoever speaks it."""
    with tenant_scope(actor.tenant_id):
        row = Synthesis.objects.filter(pk=synthesis_id).first()
        if row is None or row.erased_at is not None:
            return
        Synthesis.objects.filter(pk=row.pk).exclude(state__in=FINAL).update(
            state=JobState.CANCELLED,
            finished_at=CLOCK,
            lease_until=None,
            cancel_requested=True,
            problem_code=error.code,
            problem_detail=error.detail[:300],
        )
        Outbox.objects.filter(task=STREAM_TASK, object_id=row.pk).delete()
        record(
            event="synthesis.cut",
            tenant_id=actor.tenant_id,
            actor="system",
            object_id=row.pk,
            subject_handle=row.subject_handle,
            detail={"windows": windows, "problem": error.code},
        )


def stopped_by(row: Synthesis) -> DomainError:
    """The error whose code stands on a row that ended early, as its caller would have been told."""
    kind = registry().get(row.problem_code, JobCancelled)
    return kind(row.problem_detail)
