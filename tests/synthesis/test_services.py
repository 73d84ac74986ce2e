"""Accepting, cancelling, handing out, and what the end of a consent does: one transaction each."""

from __future__ import annotations

import json

import pytest

from audit.models import AuditEntry
from consent.errors import ConsentScope, ConsentWithdrawn
from isolation.scope import tenant_scope
from problems.errors import NotFound
from storage.objects import object_store
from synthesis.errors import NotReady, Quarantined
from synthesis.jobs import synthesis_render
from synthesis.models import Synthesis
from synthesis.selectors import record_behind, uses_of_speaker
from synthesis.services import consent_ended, synthesis_cancel, synthesis_download
from tenants.errors import QuotaExhausted
from tests.factories import make_organisation
from work.errors import JobFinished
from work.models import JobState, Outbox

pytestmark = pytest.mark.django_db(transaction=True)
USE = {
    "purpose": "customer_service", "channel": "phone", "language": "en", "territory": "GB",
    "content_class": "service", "recipient": "customers",
}  # fmt: skip


def events() -> list[str]:
    return [json.loads(bytes(entry.body))["event"] for entry in AuditEntry.objects.order_by("pk")]


def test_a_request_is_a_row_an_entry_and_a_wake_up(world):
    row = world.queued()
    assert row.state == JobState.QUEUED
    assert events()[-1] == "synthesis.requested"
    wake_up = Outbox.objects.get(object_id=row.pk)
    assert (wake_up.task, wake_up.tenant_id) == ("synthesis.render", world.org.id)


def test_the_text_lies_sealed(world):
    row = world.queued("The canary sings in the morning.")
    assert b"canary" not in bytes(world.row(row.pk).sealed_script)


def test_a_use_outside_the_terms_leaves_no_trace(world):
    before = events()
    with pytest.raises(ConsentScope) as refused, tenant_scope(world.org.id):
        world.request(use={**USE, "purpose": "advertising"})
    assert refused.value.facts["reason"] == "purpose"
    with tenant_scope(world.org.id):
        assert not Synthesis.objects.exists()
    assert events() == before
    assert not Outbox.objects.exists()


def test_the_consent_of_another_tenant_is_not_there(world, another_world):
    from consent.rules import Use
    from synthesis.services import Order, synthesis_request

    with pytest.raises(NotFound), tenant_scope(world.org.id):
        synthesis_request(
            actor=world.org.actor(),
            version_id=world.version.pk,
            use=Use(**USE),
            order=Order("Hello."),
            consent_id=another_world.consent.pk,
        )


def test_the_consent_of_another_person_of_the_house_does_not_do(world, another_speaker):
    from consent.rules import Use
    from synthesis.errors import ConsentOfAnother
    from synthesis.services import Order, synthesis_request

    with pytest.raises(ConsentOfAnother), tenant_scope(world.org.id):
        synthesis_request(
            actor=world.org.actor(),
            version_id=world.version.pk,
            use=Use(**USE),
            order=Order("Hello."),
            consent_id=another_speaker,
        )


def test_a_voice_of_another_tenant_is_not_there(world, another_world):
    from consent.rules import Use
    from synthesis.services import Order, synthesis_request

    with pytest.raises(NotFound), tenant_scope(world.org.id):
        synthesis_request(
            actor=world.org.actor(), version_id=another_world.version.pk, use=Use(**USE), order=Order("Hello.")
        )


def test_a_used_up_quota_refuses_and_a_refusal_takes_nothing(world, monkeypatch):
    from synthesis import services

    monkeypatch.setattr(services, "CHARACTERS_A_MONTH", 30)
    world.queued("x" * 20)
    with pytest.raises(QuotaExhausted), tenant_scope(world.org.id):
        world.request("x" * 20)
    world.queued("x" * 10)


def test_a_waiting_job_is_cancelled_at_once(world):
    row = world.queued()
    with tenant_scope(world.org.id):
        assert synthesis_cancel(actor=world.org.actor(), synthesis_id=row.pk).state == JobState.CANCELLED
    assert not Outbox.objects.exists()
    synthesis_render(tenant_id=world.org.id, job_id=row.pk)
    assert world.row(row.pk).state == JobState.CANCELLED
    assert list(object_store().find(f"{world.org.id}/syntheses/")) == []


def test_a_finished_job_is_not_cancelled(world):
    row = world.rendered()
    with pytest.raises(JobFinished), tenant_scope(world.org.id):
        synthesis_cancel(actor=world.org.actor(), synthesis_id=row.pk)


def test_a_sound_is_handed_out_and_each_time_logged(world):
    row = world.rendered()
    with tenant_scope(world.org.id):
        sound = synthesis_download(actor=world.org.actor(), synthesis_id=row.pk)
    assert sound.data.startswith(b"RIFF")
    assert events()[-1] == "synthesis.downloaded"


def test_there_is_nothing_to_hand_out_before_the_release(world):
    row = world.queued()
    with pytest.raises(NotReady), tenant_scope(world.org.id):
        synthesis_download(actor=world.org.actor(), synthesis_id=row.pk)


def test_a_withdrawal_stops_what_waits_and_puts_away_what_is_done(world):
    done, waiting = world.rendered(), world.queued()
    world.withdraw()
    assert world.row(waiting.pk).state == JobState.CANCELLED
    assert world.row(waiting.pk).problem_code == "consent-withdrawn"
    assert world.row(done.pk).quarantined_at is not None
    assert not Outbox.objects.exists()
    with pytest.raises(ConsentWithdrawn), tenant_scope(world.org.id):
        synthesis_download(actor=world.org.actor(), synthesis_id=done.pk)
    with pytest.raises(ConsentWithdrawn), tenant_scope(world.org.id):
        world.request()


def test_a_withdrawal_asked_again_at_the_download_even_without_the_reaction(world, settings):
    settings.CONSENT_REACTIONS = []
    done = world.rendered()
    world.withdraw()
    assert world.row(done.pk).quarantined_at is None
    with pytest.raises(ConsentWithdrawn), tenant_scope(world.org.id):
        synthesis_download(actor=world.org.actor(), synthesis_id=done.pk)


def test_quarantine_holds_even_if_the_consent_did_not(world):
    done = world.rendered()
    with tenant_scope(world.org.id):
        consent_ended(tenant_id=world.org.id, consent_id=world.consent.pk, reason="expired")
    with pytest.raises(Quarantined), tenant_scope(world.org.id):
        synthesis_download(actor=world.org.actor(), synthesis_id=done.pk)


def test_a_withdrawal_that_rolls_back_stops_nothing(world):
    class Undo(Exception):
        pass

    waiting = world.queued()

    def ends_and_fails() -> None:
        with tenant_scope(world.org.id):
            consent_ended(tenant_id=world.org.id, consent_id=world.consent.pk, reason="withdrawn")
            raise Undo

    with pytest.raises(Undo):
        ends_and_fails()
    assert world.row(waiting.pk).state == JobState.QUEUED
    assert Outbox.objects.filter(object_id=waiting.pk).exists()


def test_what_stands_behind_a_mark(world):
    row = world.rendered()
    facts = record_behind(world.org.id, row.pk)
    assert facts["voice_version"] == str(world.version.pk)
    assert (facts["consent_then"], facts["consent_now"], facts["consent_version"]) == ("active", "active", 1)
    world.withdraw()
    assert record_behind(world.org.id, row.pk)["consent_now"] == "withdrawn"
    assert record_behind(make_organisation().id, row.pk) is None


def test_the_speaker_sees_every_use_and_not_the_texts(world):
    row = world.rendered("The canary sings.")
    [use] = uses_of_speaker(world.org.id, world.speaker.pk)
    assert (use["what"], use["id"], use["state"]) == ("synthesis", str(row.pk), "done")
    assert use["use"] == USE
    assert "canary" not in str(use)
