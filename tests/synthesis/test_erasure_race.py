"""Release and erasure on two connections, each stopped with its rows in hand: no ring, and the first one counts."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from erasure import services
from erasure.models import Erasure
from erasure.services import erasure_request
from isolation.scope import tenant_scope
from speakers.errors import SpeakerErased
from synthesis import jobs
from synthesis.holdings import SynthesisHolding
from synthesis.jobs import synthesis_release
from synthesis.models import RENDER_TASK, Synthesis
from tests.synthesis.test_release_race import made
from work.leases import Lease, claim
from work.models import JobState

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 1.0


@pytest.fixture
def running(world) -> tuple[Lease, Synthesis]:
    lease = claim(Synthesis, tenant_id=world.org.id, job_id=world.queued().pk, task=RENDER_TASK)
    assert lease is not None
    return lease, world.row(lease.job_id)


def erase(world) -> None:
    """The request, and the one holding that touches the rows of a release."""
    with tenant_scope(world.org.id):
        erasure = erasure_request(actor=world.org.actor(), speaker_id=world.speaker.pk)
    with tenant_scope(world.org.id):
        SynthesisHolding().destroy(Erasure.objects.get(pk=erasure.pk).subject)


def beside(act: Callable[[], None]) -> tuple[threading.Thread, list[Exception]]:
    """Run `act` in a thread of its own; the exceptions that it ends with."""
    failed: list[Exception] = []

    def run() -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001  # handed to the test, which looks at it
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failed


def pausing(step: Callable[..., object], holds: threading.Event) -> Callable[..., object]:
    """`step`, and then time for the other side to come to the row that this one holds."""

    def paused(*args: object, **given: object) -> object:
        result = step(*args, **given)
        holds.set()
        threading.Event().wait(PATIENCE_S)
        return result

    return paused


def release(world, running) -> None:
    lease, row = running
    synthesis_release(lease, row, made(1), f"{world.org.id}/syntheses/{world.speaker.pk}/{row.pk}")


def test_a_release_that_holds_the_rows_comes_first_and_is_erased_afterwards(world, running, monkeypatch):
    holds = threading.Event()
    monkeypatch.setattr(jobs, "consent_asked", pausing(jobs.consent_asked, holds))
    thread, failed = beside(lambda: (holds.wait(20), erase(world))[1])
    release(world, running)
    thread.join()
    assert failed == []
    row = world.row(running[1].pk)
    assert (row.state, row.object_key, row.erased_at is None) == (JobState.DONE, "", False)


def test_an_erasure_that_holds_the_rows_comes_first_and_nothing_is_released(world, running, monkeypatch):
    holds = threading.Event()
    monkeypatch.setattr(services, "record", pausing(services.record, holds))
    thread, failed = beside(lambda: erase(world))
    assert holds.wait(20)
    with pytest.raises(SpeakerErased):
        release(world, running)
    thread.join()
    assert failed == []
    assert world.row(running[1].pk).state == JobState.CANCELLED
