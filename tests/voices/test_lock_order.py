"""Whoever needs the consent's row and a recording's takes the consent's first: two connections never wait in a ring.

Each test stops one side at the worst moment, with a row in its hands, until the other holds what it needs next.
PostgreSQL ends a ring by refusing one of the two; here that could be the speaker's own withdrawal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection

from erasure.services import erasure_request
from isolation.scope import tenant_scope
from tests.voices.conftest import Studio, make_studio, take
from voices import jobs
from voices.jobs import recording_ingest
from work.models import JobState

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_S = 1.5  # longer than either side needs to come to its next row


def erase(studio: Studio) -> None:
    with tenant_scope(studio.organisation.id):
        erasure_request(actor=studio.organisation.actor(), speaker_id=studio.speaker.pk)


@pytest.mark.parametrize("end", [Studio.withdraw, erase], ids=["withdrawal", "erasure"])
def test_an_end_that_meets_an_acceptance_is_refused_nothing(transactional_db, monkeypatch, end) -> None:
    studio = make_studio()
    recording_id = UUID(studio.record(take(1.0)).json()["id"])
    accepting, ending = threading.Event(), threading.Event()
    asked, wanted = jobs.consent_to_enrol, jobs._still_wanted

    def hold(step: Callable[..., object]) -> Callable[..., object]:
        # Between the acceptance's two locks, whichever comes first.
        def held(*args: object, **given: object) -> object:
            result = step(*args, **given)
            if not accepting.is_set() and given.get("lock", True):
                accepting.set()
                ending.wait(PATIENCE_S)
            return result

        return held

    monkeypatch.setattr(jobs, "consent_to_enrol", hold(asked))
    monkeypatch.setattr(jobs, "_still_wanted", hold(wanted))
    failed: list[Exception] = []

    def other_side() -> None:
        try:
            assert accepting.wait(20)
            threading.Timer(PATIENCE_S / 2, ending.set).start()  # by then it stands before its second row
            end(studio)
        except Exception as error:  # noqa: BLE001  # handed to the test, which raises it
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other_side)
    thread.start()
    recording_ingest(tenant_id=studio.organisation.id, job_id=recording_id)
    thread.join()
    assert failed == []
    assert studio.row(str(recording_id)).state in {JobState.DONE, JobState.CANCELLED, JobState.FAILED}
