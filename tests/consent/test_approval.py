"""There is no path to `active` without a named consent officer: not by a service, not over HTTP, not by SQL."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import pytest
from django.db import Error, connection, transaction

from consent import services
from consent.errors import ConsentStateWrong, OfficerNeeded
from consent.models import STATES, Consent
from consent.receipts import verify
from consent.selectors import evidence_latest, receipt_get, receipt_public_key
from consent.states import ENDED, MOVES, State
from isolation.scope import tenant_scope
from problems.errors import DomainError
from tenants.actor import Actor, ActorKind, Role, Scope, system
from tenants.membership import member_disable
from tenants.models import Member

pytestmark = pytest.mark.django_db


def everybody(studio: Any) -> list[Actor]:
    """Every sort of actor but the consent officer, each with more rights than it could have."""
    every = frozenset(Scope)
    organisation = studio.organisation
    return [
        *(organisation.actor(role) for role in Role if role is not Role.CONSENT_OFFICER),
        Actor(studio.id, ActorKind.KEY, organisation.members[Role.CONSENT_OFFICER].pk, every, Role.CONSENT_OFFICER),
        Actor(studio.id, ActorKind.SPEAKER, studio.speaker.pk, every),
        system(studio.id),
    ]


def test_the_whole_way_ends_with_the_officers_name_and_a_receipt(studio):
    consent = studio.active()
    officer = studio.organisation.members[Role.CONSENT_OFFICER]
    assert (consent.state, consent.approved_by_id) == (State.ACTIVE, officer.pk)
    with tenant_scope(studio.id):
        document = verify(receipt_get(consent), receipt_public_key())
    assert document["approved_by"] == f"member:{officer.pk}"
    assert document["terms_sha256"] == consent.terms_sha256
    assert document["event"] == "consent.approved"


def test_nobody_but_the_officer_approves(studio):
    consent = studio.pending()
    for actor in everybody(studio):
        with pytest.raises(OfficerNeeded), tenant_scope(studio.id):
            services.consent_approve(actor=actor, consent_id=consent.pk)
    assert studio.again(consent).state == State.PENDING


def test_a_key_with_every_scope_is_refused_over_http(studio):
    consent = studio.pending()
    client = studio.organisation.client()
    for act in ("approve", "refuse"):
        answer = client.post(f"/v1/consents/{consent.pk}/{act}", {"reason": "not_free"}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "person-needed")
    assert client.get(f"/v1/consents/{consent.pk}/evidence/audio").status_code == 403
    owner = studio.organisation.member_client(Role.OWNER)
    assert owner.post(f"/v1/consents/{consent.pk}/approve").json()["code"] == "scope-missing"
    officer = studio.organisation.member_client(Role.CONSENT_OFFICER)
    assert officer.get(f"/v1/consents/{consent.pk}/evidence/audio").content[:4] == b"RIFF"
    assert officer.post(f"/v1/consents/{consent.pk}/approve").json()["state"] == "active"


def test_an_approved_draft_does_not_exist(studio):
    consent = studio.draft()
    with pytest.raises(ConsentStateWrong), tenant_scope(studio.id):
        services.consent_approve(actor=studio.organisation.actor(Role.CONSENT_OFFICER), consent_id=consent.pk)


def _sql(studio: Any, statement: str, *values: object) -> None:
    with tenant_scope(studio.id), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize("role", [None, Role.OWNER, Role.PRODUCER, Role.COMPLIANCE, Role.AUDITOR])
def test_sql_of_the_app_role_cannot_approve_by_another_role(studio, role):
    consent = studio.pending()
    member = studio.organisation.members[role].pk if role else None
    with pytest.raises(Error, match="consent officer"):
        _sql(
            studio,
            "UPDATE consent_consent SET state = 'active', approved_by_id = %s, approved_at = now() WHERE id = %s",
            member,
            consent.pk,
        )
    assert studio.again(consent).state == State.PENDING


def test_a_disabled_officer_is_none(studio):
    consent = studio.pending()
    officer = studio.organisation.members[Role.CONSENT_OFFICER]
    with tenant_scope(studio.id):
        Member.objects.filter(pk=officer.pk).update(disabled_at="2026-01-01T00:00:00Z")
    with pytest.raises(OfficerNeeded), tenant_scope(studio.id):
        services.consent_approve(actor=studio.organisation.actor(Role.CONSENT_OFFICER), consent_id=consent.pk)
    with pytest.raises(Error, match="consent officer"):
        _sql(
            studio,
            "UPDATE consent_consent SET state = 'active', approved_by_id = %s, approved_at = now() WHERE id = %s",
            officer.pk,
            consent.pk,
        )


@pytest.mark.django_db(transaction=True)
def test_an_officer_who_is_being_disabled_has_approved_before_or_not_at_all(transactional_db, make_studio, monkeypatch):
    studio = make_studio()
    consent, organisation = studio.pending(), studio.organisation
    approving, disabled_at = threading.Event(), []
    locked = services._locked

    def slowly(*args):  # after the officer was looked at
        approving.set()
        time.sleep(0.5)
        return locked(*args)

    def disable():
        assert approving.wait(20)
        with tenant_scope(studio.id):
            officer = organisation.members[Role.CONSENT_OFFICER].pk
            member_disable(actor=organisation.actor(Role.OWNER), member_id=officer)
        disabled_at.append(time.monotonic())
        connection.close()

    monkeypatch.setattr(services, "_locked", slowly)
    thread = threading.Thread(target=disable)
    thread.start()
    with tenant_scope(studio.id):
        services.consent_approve(actor=organisation.actor(Role.CONSENT_OFFICER), consent_id=consent.pk)
        time.sleep(0.3)
        assert disabled_at == [], "disabled while the approval was under way"
    thread.join()
    assert len(disabled_at) == 1


def test_an_officer_of_another_tenant_is_none(studio, make_studio):
    other, consent = make_studio(), studio.pending()
    with pytest.raises(Error, match="consent officer"):
        _sql(
            studio,
            "UPDATE consent_consent SET state = 'active', approved_by_id = %s, approved_at = now() WHERE id = %s",
            other.organisation.members[Role.CONSENT_OFFICER].pk,
            consent.pk,
        )


def test_a_consent_is_not_born_active(studio):
    consent = studio.draft()
    officer = studio.organisation.members[Role.CONSENT_OFFICER].pk
    columns = [
        field.column for field in Consent._meta.concrete_fields if field.column not in ("id", "state", "version")
    ]
    for state in (value for value, _ in STATES if value != "draft"):
        with pytest.raises(Error, match="begins as a draft"):
            _sql(
                studio,
                f"INSERT INTO consent_consent (id, state, version, {', '.join(columns)}) "
                f"SELECT gen_random_uuid(), %s, 99, "
                + ", ".join("%s" if column == "approved_by_id" else column for column in columns)
                + " FROM consent_consent WHERE id = %s",
                state,
                officer,
                consent.pk,
            )


def test_without_spoken_evidence_no_officer_can_approve_by_sql_either(studio):
    consent = studio.draft()
    with pytest.raises(Error, match="spoken evidence"):
        _sql(studio, "UPDATE consent_consent SET state = 'pending' WHERE id = %s", consent.pk)


def test_the_database_knows_the_same_moves_as_the_program(studio):
    """Every pair of states is tried as SQL; what the program calls a move is the only thing that passes."""
    officer = studio.organisation.members[Role.CONSENT_OFFICER].pk
    ways = {State.DRAFT: studio.draft, State.PENDING: studio.pending, State.ACTIVE: studio.active}
    for before, make in ways.items():
        for after in set(State) - {before}:
            with transaction.atomic():
                consent = make()
                if after is State.PENDING and before is State.DRAFT:
                    continue  # needs evidence, and is the path every other test takes
                sets = "state = %s" + (", ended_at = now()" if after in ENDED else "")
                approval = f", approved_by_id = '{officer}', approved_at = now()" if after is State.ACTIVE else ""
                try:
                    _sql(studio, f"UPDATE consent_consent SET {sets}{approval} WHERE id = %s", after.value, consent.pk)
                    moved = True
                except Error:
                    moved = False
                assert moved == (after in MOVES[before]), (before, after)


def test_what_was_agreed_to_and_how_it_was_approved_does_not_change(studio):
    consent = studio.active()
    for change in (
        "terms = '{}'",
        "valid_until = NULL",
        "valid_until = valid_until + interval '1 day'",
        "speaker_id = gen_random_uuid()",
        "approved_at = now() - interval '1 year'",
        "text_sha256 = repeat('0', 64)",
        "version = 7",
    ):
        with pytest.raises(Error):
            _sql(studio, f"UPDATE consent_consent SET {change} WHERE id = %s", consent.pk)
    for table in ("consent_consent", "consent_challenge", "consent_evidence", "consent_receipt"):
        with pytest.raises(Error, match="permission denied"):
            _sql(studio, f"DELETE FROM {table}")
    with pytest.raises(Error, match="permission denied"):
        _sql(studio, "UPDATE consent_receipt SET document = ''")


def test_a_random_walk_of_everybody_never_makes_a_consent_active_without_its_officer(studio):
    """150 acts by random actors in random order, seed 7; afterwards every active row has the officer's name."""
    rng = random.Random(7)
    officer = studio.organisation.actor(Role.CONSENT_OFFICER)
    consents = [studio.draft() for _ in range(3)] + [studio.pending() for _ in range(3)]
    approved = set()
    for _ in range(150):
        consent, actor = rng.choice(consents), rng.choice([officer, *everybody(studio)])
        act = rng.choice(["approve", "refuse", "withdraw", "challenge", "expire"])
        try:
            with tenant_scope(studio.id):
                _act(act, actor, consent, studio)
                if act == "approve":
                    assert actor == officer
                    approved.add(consent.pk)
        except DomainError:
            continue
    with tenant_scope(studio.id):
        for row in Consent.objects.filter(approved_at__isnull=False):
            assert row.pk in approved
            assert row.approved_by_id == officer.id
        assert not Consent.objects.filter(state="active").exclude(pk__in=approved).exists()
    assert approved


def _act(act: str, actor: Actor, consent: Consent, studio: Any) -> None:
    match act:
        case "approve":
            services.consent_approve(actor=actor, consent_id=consent.pk)
        case "refuse":
            services.consent_refuse(actor=actor, consent_id=consent.pk, reason="not_free")
        case "withdraw":
            services.consent_withdraw(actor=actor, consent_id=consent.pk)
        case "challenge":
            services.challenge_issue(actor=actor, consent_id=consent.pk)
        case "expire":
            services.consent_expire(tenant_id=studio.id)


def test_a_refusal_says_why_and_is_final(studio):
    consent = studio.pending()
    officer = studio.organisation.member_client(Role.CONSENT_OFFICER)
    answer = officer.post(f"/v1/consents/{consent.pk}/refuse", {"reason": "not_the_person"}, format="json")
    assert (answer.json()["state"], answer.json()["refusal"]) == ("refused", "not_the_person")
    again = officer.post(f"/v1/consents/{consent.pk}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "consent-state")


def test_a_new_version_takes_the_place_of_the_old_one_when_it_is_approved(studio):
    old = studio.active()
    new = studio.pending(supersedes=old.pk)
    assert studio.again(old).state == State.ACTIVE
    with tenant_scope(studio.id):
        services.consent_approve(actor=studio.organisation.actor(Role.CONSENT_OFFICER), consent_id=new.pk)
    assert (studio.again(old).state, studio.again(new).state) == (State.SUPERSEDED, State.ACTIVE)
    assert (old.version, new.version) == (1, 2)


def test_the_officer_sees_what_the_checks_could_not_tell(studio):
    consent = studio.pending()
    with tenant_scope(studio.id):
        findings = {finding["check"]: finding for finding in evidence_latest(consent).findings}
    assert findings["phrase"]["verdict"] == "cannot_tell"
    assert findings["phrase"]["reason"] == "language"
    assert findings["mark"]["verdict"] == "absent"
    assert findings["speaker"]["verdict"] == "nothing_to_compare"
