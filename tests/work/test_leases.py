"""Claim, heartbeat, end: the fence decides who may write. A verification row stands for any job."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError

from isolation.scope import database_now, tenant_scope
from problems.errors import Invalid, Unavailable
from tests.factories import make_organisation
from watermark.models import Verification
from work import leases
from work.errors import JobCancelled, LeaseLost
from work.leases import CLOCK, MAX_ATTEMPTS, claim
from work.models import JobState, Outbox
from work.relay import relay_once

pytestmark = pytest.mark.django_db
TASK = "test.task"


@pytest.fixture
def job():
    organisation = make_organisation()
    with tenant_scope(organisation.id):
        row = Verification.objects.create(tenant_id=organisation.id, clip_sha256="0" * 64, length_s=1.0)
        leases.enqueue(tenant_id=organisation.id, task=TASK, object_id=row.pk)
    return row


def _claim(job):
    return claim(Verification, tenant_id=job.tenant_id, job_id=job.pk, task=TASK)


def _reload(job):
    with tenant_scope(job.tenant_id):
        job.refresh_from_db()
    return job


def _let_the_lease_run_out(job):
    with tenant_scope(job.tenant_id):
        Verification.objects.filter(pk=job.pk).update(lease_until=CLOCK - timedelta(seconds=1))


def test_a_job_is_held_by_one_worker_at_a_time(job):
    assert _claim(job).fence == 1
    assert _claim(job) is None


def test_a_late_worker_writes_nothing(job):
    """The guard is the fence in `Lease.rows`: without it both ends would be kept."""
    late = _claim(job)
    _let_the_lease_run_out(job)
    now = _claim(job)
    assert now.fence == 2
    with pytest.raises(LeaseLost), tenant_scope(job.tenant_id):
        late.end(JobState.DONE, verdict="ours")
    with pytest.raises(LeaseLost):
        late.keep("late", 50)
    with tenant_scope(job.tenant_id):
        now.end(JobState.DONE, verdict="not_found")
    assert _reload(job).verdict == "not_found"


def test_the_wake_up_stays_until_the_job_has_ended(job):
    lease = _claim(job)
    assert Outbox.objects.get(object_id=job.pk).due_at > Outbox.objects.annotate(now=CLOCK).get().now
    with tenant_scope(job.tenant_id):
        lease.end(JobState.DONE, verdict="not_found")
    assert not Outbox.objects.exists()


def test_a_domain_error_becomes_the_jobs_problem(job):
    def work(lease):
        raise Invalid("the clip is empty")

    leases.run(_claim(job), work)
    assert (_reload(job).state, job.problem_code, job.problem_detail) == ("failed", "invalid", "the clip is empty")


def test_an_unknown_error_gives_the_lease_back_and_goes_on(job):
    def work(lease):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leases.run(_claim(job), work)
    assert _claim(job).fence == 2


def test_a_store_that_is_away_is_waited_for(job):
    def work(lease):
        raise Unavailable

    for _ in range(2 * MAX_ATTEMPTS):
        leases.run(_claim(job), work)
    assert (_reload(job).state, job.attempts) == ("running", 0)
    assert _claim(job).fence == 2 * MAX_ATTEMPTS + 1


@pytest.mark.django_db(transaction=True)
def test_nor_is_a_lost_database_counted(job):
    def work(lease):
        raise OperationalError("terminating connection due to administrator command")

    with pytest.raises(OperationalError):
        leases.run(_claim(job), work)
    assert (_reload(job).state, job.attempts) == ("running", 0)
    assert _claim(job).fence == 2


def test_what_nobody_foresaw_is_counted(job):
    def work(lease):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leases.run(_claim(job), work)
    assert (_reload(job).state, job.attempts) == ("running", 1)


def test_an_error_after_the_job_ended_changes_nothing(job):
    lease = _claim(job)

    def work(held):
        with tenant_scope(job.tenant_id):
            leases.cancel(Verification, job_id=job.pk, task=TASK)
            held.end(JobState.CANCELLED)
        raise Invalid

    leases.run(lease, work)
    assert (_reload(job).state, job.problem_code) == ("cancelled", "")


def test_a_job_that_kills_its_workers_is_given_up(job):
    for _ in range(MAX_ATTEMPTS):
        assert _claim(job) is not None
        _let_the_lease_run_out(job)
    assert _claim(job) is None
    assert (_reload(job).state, job.problem_code) == ("failed", "attempts-exhausted")


def test_a_queued_job_is_cancelled_at_once(job):
    with tenant_scope(job.tenant_id):
        leases.cancel(Verification, job_id=job.pk, task=TASK)
    assert _reload(job).state == "cancelled"
    assert _claim(job) is None
    assert not Outbox.objects.exists()


def test_a_running_job_is_cancelled_at_its_next_heartbeat(job):
    lease = _claim(job)
    with tenant_scope(job.tenant_id):
        leases.cancel(Verification, job_id=job.pk, task=TASK)

    def work(held):
        held.keep("decoding", 10)

    leases.run(lease, work)
    assert (_reload(job).state, job.problem_code) == ("cancelled", "job-cancelled")


def test_another_tenants_task_finds_no_job(job):
    stranger = make_organisation()
    assert claim(Verification, tenant_id=stranger.id, job_id=job.pk, task="other.task") is None
    assert _reload(job).state == "queued"


def test_the_relay_sends_what_is_due_and_again_later(job):
    sent = []
    assert relay_once(lambda *args: sent.append(args)) == 1
    assert sent == [(TASK, job.tenant_id, job.pk, False)]
    assert relay_once(lambda *args: sent.append(args)) == 0
    Outbox.objects.update(due_at=CLOCK)
    assert relay_once(lambda *args: sent.append(args)) == 1
    assert Outbox.objects.get().sent == 2


def test_what_nobody_comes_for_is_sent_more_and_more_seldom(job):
    pauses = []
    for _ in range(4):
        Outbox.objects.update(due_at=CLOCK)
        assert relay_once(lambda *args: None) == 1
        pauses.append(round((Outbox.objects.get().due_at - database_now()).total_seconds()))
    assert pauses == [10, 20, 40, 40]


def test_what_was_begun_is_never_sent_more_seldom(job):
    _claim(job)  # and its worker dies, and the next one with the message in its hands
    Outbox.objects.update(sent=5, due_at=CLOCK)
    assert relay_once(lambda *args: None) == 1
    assert round((Outbox.objects.get().due_at - database_now()).total_seconds()) == 10


def test_what_was_begun_goes_first_when_it_is_sent_again(job):
    _claim(job)  # and its worker dies
    Outbox.objects.update(due_at=CLOCK)
    sent = []
    assert relay_once(lambda *args: sent.append(args)) == 1
    assert sent == [(TASK, job.tenant_id, job.pk, True)]


def test_a_failed_send_notes_nothing(job):
    def broken(*args):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        relay_once(broken)
    assert Outbox.objects.get().sent == 0


def test_a_wake_up_for_a_row_that_is_gone_is_dropped(job):
    with tenant_scope(job.tenant_id):
        leases.enqueue(tenant_id=job.tenant_id, task=TASK, object_id=uuid4())
    assert Outbox.objects.count() == 2
    missing = Outbox.objects.exclude(object_id=job.pk).get()
    assert claim(Verification, tenant_id=job.tenant_id, job_id=missing.object_id, task=TASK) is None
    assert Outbox.objects.count() == 1


def test_a_heartbeat_of_a_cancelled_job_says_so(job):
    lease = _claim(job)
    with tenant_scope(job.tenant_id):
        leases.cancel(Verification, job_id=job.pk, task=TASK)
    with pytest.raises(JobCancelled):
        lease.keep("decoding", 10)


@pytest.mark.django_db(transaction=True)
def test_a_wake_up_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="outbox row"):
        leases.enqueue(tenant_id=uuid4(), task=TASK, object_id=uuid4())
