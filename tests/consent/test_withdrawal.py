"""What ends a consent ends it at once, for everybody, in one transaction - and the row's lock decides who was first."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from consent import services
from consent.errors import (
    ConsentExpired,
    ConsentNotActive,
    ConsentScope,
    ConsentStateWrong,
    ConsentSuperseded,
    ConsentWithdrawn,
)
from consent.models import Consent, Receipt
from consent.receipts import verify
from consent.rules import Use
from consent.selectors import receipt_get, receipt_public_key
from erasure.ledger import ledger_notes
from isolation.scope import database_now, tenant_scope
from problems.errors import NotFound
from speakers.errors import SpeakerErased
from speakers.models import Speaker
from tenants.actor import Role
from tests.consent import standins

USE = Use("customer_service", "phone", "en", "DE", "service", "customers")


def require(studio, consent, use=USE, *, lock=False):
    with tenant_scope(studio.id):
        return services.consent_require(tenant_id=studio.id, consent_id=consent.pk, use=use, lock=lock)


def is_live(studio, consent) -> bool:
    with tenant_scope(studio.id), connection.cursor() as cursor:
        cursor.execute("SELECT consent_is_live(%s, %s)", [studio.id, consent.pk])
        return cursor.fetchone()[0]


def withdraw(studio, consent):
    with tenant_scope(studio.id):
        return services.consent_withdraw(actor=studio.organisation.actor(), consent_id=consent.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("lock", [False, True])
def test_the_gate_opens_for_what_was_agreed_and_for_nothing_else(studio, lock):
    consent = studio.active()
    assert require(studio, consent, lock=lock).pk == consent.pk
    assert is_live(studio, consent)
    for use, reason in (
        (Use("news", "phone", "en", "DE", "service", "customers"), "purpose"),
        (Use("customer_service", "phone", "en", "DE", "general", "customers"), "content_class"),
        (Use(act="export"), "act"),
        (Use("customer_service"), "undeclared"),
    ):
        with pytest.raises(ConsentScope) as refused:
            require(studio, consent, use, lock=lock)
        assert refused.value.facts["reason"] == reason
    assert require(studio, consent, Use(act="finetune"), lock=lock).pk == consent.pk


@pytest.mark.django_db
@pytest.mark.parametrize("lock", [False, True])
def test_the_gate_is_closed_before_approval_and_after_withdrawal(studio, lock):
    for consent in (studio.draft(), studio.pending()):
        with pytest.raises(ConsentNotActive):
            require(studio, consent, lock=lock)
        assert not is_live(studio, consent)
    consent = studio.active()
    withdraw(studio, consent)
    with pytest.raises(ConsentWithdrawn):
        require(studio, consent, lock=lock)
    assert not is_live(studio, consent)


@pytest.mark.django_db
def test_another_tenants_consent_is_not_there(studio, make_studio):
    consent, stranger = studio.active(), make_studio()
    with pytest.raises(NotFound), tenant_scope(stranger.id):
        services.consent_require(tenant_id=stranger.id, consent_id=consent.pk, use=USE, lock=True)
    with pytest.raises(NotFound), tenant_scope(stranger.id):
        services.consent_require(tenant_id=studio.id, consent_id=consent.pk, use=USE, lock=True)
    with tenant_scope(stranger.id), connection.cursor() as cursor:
        cursor.execute("SELECT consent_is_live(%s, %s)", [studio.id, consent.pk])
        assert cursor.fetchone() == (False,)


@pytest.mark.django_db
def test_an_erasure_that_has_begun_closes_the_gate(studio):
    consent = studio.active()
    with tenant_scope(studio.id):
        Speaker.objects.filter(pk=studio.speaker.pk).update(state="erasing")
    with pytest.raises(SpeakerErased):
        require(studio, consent, lock=True)
    assert not is_live(studio, consent)


@pytest.mark.django_db
def test_expiry_needs_nobodys_act_and_is_written_down_by_the_sweep(studio):
    consent = studio.active(valid_until=database_now() + timedelta(seconds=2))
    assert is_live(studio, consent)
    time.sleep(max(0.0, (consent.valid_until - database_now()).total_seconds()) + 0.05)
    with pytest.raises(ConsentExpired):
        require(studio, consent)
    assert not is_live(studio, consent)
    assert studio.again(consent).state == "active"
    with tenant_scope(studio.id):
        assert services.consent_expire(tenant_id=studio.id) == 1
        assert services.consent_expire(tenant_id=studio.id) == 0
    assert studio.again(consent).state == "expired"
    assert standins.ended == [(studio.id, consent.pk, "expired")]
    with pytest.raises(ConsentExpired):
        require(studio, consent)


@pytest.mark.django_db
def test_a_consent_is_not_valid_before_its_time(studio):
    consent = studio.active(valid_from=database_now() + timedelta(hours=1))
    with pytest.raises(ConsentExpired) as refused:
        require(studio, consent)
    assert refused.value.facts["reason"] == "not_yet_valid"
    assert not is_live(studio, consent)


@pytest.mark.django_db
def test_a_superseded_consent_is_closed(studio):
    old = studio.active()
    studio.active(supersedes=old.pk)
    with pytest.raises(ConsentSuperseded):
        require(studio, old)
    assert standins.ended == [(studio.id, old.pk, "superseded")]
    with pytest.raises(ConsentStateWrong):
        studio.draft(supersedes=old.pk)


@pytest.mark.django_db
def test_withdrawing_tells_the_others_once_and_signs_a_receipt(studio):
    consent = studio.active()
    withdraw(studio, consent)
    withdraw(studio, consent)
    assert standins.ended == [(studio.id, consent.pk, "withdrawn")]
    with tenant_scope(studio.id):
        assert Receipt.objects.filter(consent=consent).count() == 2
        document = verify(receipt_get(consent), receipt_public_key())
    assert (document["event"], document["ended_by"]) == (
        "consent.withdrawn",
        f"member:{studio.organisation.members[Role.OWNER].pk}",
    )


@pytest.mark.django_db
def test_a_reaction_that_fails_takes_the_withdrawal_back_with_it(studio, settings):
    consent = studio.active()
    settings.CONSENT_REACTIONS = ["tests.consent.standins.note_end", "tests.consent.standins.fail_end"]
    with pytest.raises(RuntimeError), transaction.atomic():
        withdraw(studio, consent)
    assert studio.again(consent).state == "active"
    assert is_live(studio, consent)


@pytest.mark.django_db
def test_a_draft_cannot_be_withdrawn_and_a_pending_one_is_declined(studio):
    with pytest.raises(ConsentStateWrong):
        withdraw(studio, studio.draft())
    declined = withdraw(studio, studio.pending())
    assert (declined.state, declined.refusal) == ("refused", "declined_by_speaker")


@pytest.mark.django_db
def test_a_withdrawal_outlives_a_backup_that_knows_nothing_of_it(studio):
    """The ledger's note is written outside the database; a restore hands it to `withdrawal_replay`."""
    withdrawn = withdraw(studio, studio.active())
    notes = [note.object for note in ledger_notes() if note.kind == services.WITHDRAWAL]
    assert str(withdrawn.pk) in notes
    as_in_the_backup, waiting, draft = studio.active(), studio.pending(), studio.draft()
    for consent in (as_in_the_backup, waiting, draft, withdrawn, as_in_the_backup):
        with tenant_scope(studio.id):
            services.withdrawal_replay(tenant_id=studio.id, object_id=consent.pk)
    again = [studio.again(consent) for consent in (as_in_the_backup, waiting, draft)]
    assert [consent.state for consent in again] == ["withdrawn", "refused", "draft"]
    assert again[0].ended_by == "restore"
    assert not is_live(studio, as_in_the_backup)
    with tenant_scope(studio.id):
        services.withdrawal_replay(tenant_id=studio.id, object_id=studio.speaker.pk)  # made after the backup


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_waits_for_the_release_that_holds_the_row(make_studio):
    studio = make_studio()
    consent = studio.active()
    with ThreadPoolExecutor(1) as pool:
        with tenant_scope(studio.id):
            services.consent_require(tenant_id=studio.id, consent_id=consent.pk, use=USE, lock=True)
            waiting = pool.submit(_in_thread, withdraw, studio, consent)
            time.sleep(0.3)
            assert not waiting.done()
        assert waiting.result(timeout=10).state == "withdrawn"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gate", ["consent_require", "consent_is_live"])
def test_a_release_that_waited_for_a_withdrawal_finds_it(make_studio, gate):
    """The release began first, waits for the row, and must judge what it then holds, not what it had seen."""
    studio = make_studio()
    consent = studio.active()

    def release() -> bool:
        if gate == "consent_is_live":
            return is_live(studio, consent)
        try:
            require(studio, consent, lock=True)
        except ConsentWithdrawn:
            return False
        return True

    with ThreadPoolExecutor(1) as pool:
        with tenant_scope(studio.id):
            services.consent_withdraw(actor=studio.organisation.actor(), consent_id=consent.pk)
            waiting = pool.submit(_in_thread, release)
            time.sleep(0.3)
            assert not waiting.done()
        assert waiting.result(timeout=10) is False


@pytest.mark.django_db(transaction=True)
def test_a_release_that_waited_past_the_end_of_the_term_finds_it_over(make_studio):
    """clock_timestamp() after the wait decides, not the time at which the transaction began."""
    studio = make_studio()
    consent = studio.active(valid_until=database_now() + timedelta(seconds=3))
    with ThreadPoolExecutor(1) as pool:
        with tenant_scope(studio.id):
            Consent.objects.select_for_update().get(pk=consent.pk)
            waiting = pool.submit(_in_thread, is_live, studio, consent)
            while database_now() <= consent.valid_until:
                time.sleep(0.1)
        assert waiting.result(timeout=10) is False


@pytest.mark.django_db(transaction=True)
def test_races_of_withdrawal_and_release_leave_nothing_released_afterwards(make_studio, scale):
    """12 races; a release is a row written under the lock, and none is written after the withdrawal's commit."""
    studio, races = make_studio(), scale(12)
    late = released = 0
    for _ in range(races):
        consent, start = studio.active(), threading.Barrier(2)

        def release(consent=consent, start=start):
            start.wait()
            try:
                with tenant_scope(studio.id):
                    services.consent_require(tenant_id=studio.id, consent_id=consent.pk, use=USE, lock=True)
                    time.sleep(0.002)
                    return database_now()
            except ConsentWithdrawn:
                return None

        def end(consent=consent, start=start):
            start.wait()
            return withdraw(studio, consent).ended_at

        with ThreadPoolExecutor(2) as pool:
            made, ended = pool.submit(_in_thread, release), pool.submit(_in_thread, end)
            moment = made.result(timeout=20)
            released += moment is not None
            late += moment is not None and moment > ended.result(timeout=20)
    print(f"released after the withdrawal: {late} of {races} (3/N = {3 / races:.1%}); released before it: {released}")
    assert late == 0


def _in_thread(work, *arguments):
    try:
        return work(*arguments)
    finally:
        connections.close_all()
