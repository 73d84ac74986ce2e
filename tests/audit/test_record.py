"""Recording: in the act's transaction, without a fact in the entry, readable by its tenant alone."""

from __future__ import annotations

import secrets
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from audit import entries, selectors
from audit.entries import EntryRefused
from audit.holdings import AuditHolding
from audit.models import AuditDetail, AuditEntry, AuditHead
from audit.services import record
from erasure.holdings import Subject
from isolation.scope import tenant_scope
from storage.keys import key_store, tenant_handle


@pytest.fixture
def person(stores: Path) -> str:
    """The handle of an enrolled person."""
    handle = secrets.token_hex(16)
    key_store().create(handle)
    return handle


def entry_of(number: int) -> entries.Entry:
    return entries.parse(bytes(AuditEntry.objects.get(pk=number).body))


def detail_of(number: int) -> AuditDetail:
    return AuditDetail.objects.get(pk=AuditEntry.objects.get(pk=number).public_id)


def test_an_act_and_its_entry_stand_or_fall_together(tenant: UUID) -> None:
    record(event="consent.approved", tenant_id=tenant, actor="member:1")

    def act_that_fails() -> None:
        with transaction.atomic():
            record(event="consent.withdrawn", tenant_id=tenant, actor="member:1")
            raise RuntimeError("the act failed")

    with pytest.raises(RuntimeError, match="the act failed"):
        act_that_fails()
    assert [row.event for row in AuditDetail.objects.all()] == ["consent.approved"]
    assert AuditEntry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded(stores: Path) -> None:
    with pytest.raises(RuntimeError, match="its own transaction"):
        record(event="consent.approved", tenant_id=uuid4(), actor="member:1")
    assert AuditEntry.objects.count() == 0


def test_no_fact_is_in_the_entry_and_none_in_clear_in_the_database(tenant: UUID, person: str) -> None:
    facts = {"name": "Ada Lovelace", "text": "hello world", "amount": 3}
    number = record(
        event="speaker.enrolled",
        tenant_id=tenant,
        actor="member:1",
        object_id=uuid4(),
        subject_handle=person,
        detail=facts,
    )
    body = bytes(AuditEntry.objects.get(pk=number).body)
    for fact in ("Ada", "hello", "member", str(tenant), tenant.hex, person):
        assert fact.encode() not in body
    sealed = bytes(detail_of(number).sealed or b"")
    assert b"Lovelace" not in sealed
    assert (selectors.facts_of(detail_of(number)) or {})["detail"] == facts


def test_the_commitment_opens_with_the_disclosed_facts_alone(tenant: UUID, person: str) -> None:
    number = record(
        event="speaker.enrolled", tenant_id=tenant, actor="member:1", subject_handle=person, detail={"name": "Ada"}
    )
    opened = selectors.disclosure_of(detail_of(number))
    assert opened is not None
    assert entries.opens(entry_of(number), opened.opening, opened.facts)
    assert not entries.opens(entry_of(number), opened.opening, {**opened.facts, "actor": "member:2"})


def test_the_tenant_is_a_pseudonym_that_stays(tenant: UUID) -> None:
    one, other = (entry_of(record(event="key.issued", tenant_id=tenant, actor="system")) for _ in range(2))
    assert one.tenant == other.tenant
    assert one.commitment != other.commitment
    stranger = uuid4()
    with tenant_scope(stranger):
        assert entry_of(record(event="key.issued", tenant_id=stranger, actor="system")).tenant != one.tenant


def test_another_tenants_acts_are_not_there(tenant: UUID) -> None:
    record(event="consent.approved", tenant_id=tenant, actor="member:1")
    with tenant_scope(uuid4()):
        assert AuditDetail.objects.count() == 0
    assert AuditDetail.objects.count() == 1


def test_an_act_cannot_be_recorded_for_another_tenant(tenant: UUID) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        record(event="consent.approved", tenant_id=uuid4(), actor="member:1")


def test_an_event_is_a_plain_word_or_it_is_refused(tenant: UUID) -> None:
    for event in ("consent.approved by ada@example.com", "consent", "Consent.Approved"):
        with pytest.raises(EntryRefused):
            record(event=event, tenant_id=tenant, actor="member:1")
    assert AuditEntry.objects.count() == 0


def test_after_the_erasure_the_facts_are_gone_and_acts_are_still_recorded(tenant: UUID, person: str) -> None:
    before = record(
        event="speaker.enrolled", tenant_id=tenant, actor="member:1", subject_handle=person, detail={"name": "Ada"}
    )
    body = bytes(AuditEntry.objects.get(pk=before).body)
    key_store().shred(person)
    assert selectors.facts_of(detail_of(before)) is None
    assert selectors.disclosure_of(detail_of(before)) is None
    after = record(
        event="synthesis.failed", tenant_id=tenant, actor="system", subject_handle=person, detail={"text": "hello Ada"}
    )
    assert (selectors.facts_of(detail_of(after)) or {})["detail"] == {"subject": "erased"}
    assert bytes(AuditEntry.objects.get(pk=before).body) == body
    assert AuditDetail.objects.filter(handle=person).count() == 1


def test_the_holding_empties_the_persons_facts_and_nobody_elses(tenant: UUID, person: str) -> None:
    key_store().create("somebody-else")
    for handle in (person, "somebody-else", None):
        record(event="voice.made", tenant_id=tenant, actor="system", subject_handle=handle)
    holding, whose = AuditHolding(), Subject(tenant, uuid4(), person)
    assert len(holding.left(whose)) == 1
    assert holding.destroy(whose) == 1
    assert holding.destroy(whose) == 0
    assert holding.left(whose) == []
    assert AuditDetail.objects.filter(sealed=None).count() == 1
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET body = 'x'",
        "UPDATE audit_entry SET index = NULL",
        "UPDATE audit_entry SET index = 7 WHERE index IS NOT NULL",
        "DELETE FROM audit_auditdetail",
        "UPDATE audit_auditdetail SET actor = 'member:2'",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET size = 4",
        "UPDATE audit_head SET root = 'x'",
        "UPDATE audit_head SET verifier = 'mine'",
        "TRUNCATE audit_entry",
    ],
)
def test_the_app_role_cannot_rewrite_the_log(tenant: UUID, statement: str) -> None:
    number = record(event="consent.approved", tenant_id=tenant, actor="member:1")
    AuditEntry.objects.filter(pk=number).update(index=0)
    AuditHead.objects.create(size=5, root=b"r" * 32, checkpoint="c", verifier="v")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get(pk=number).index == 0


def test_a_tenants_key_is_made_with_its_first_act(tenant: UUID) -> None:
    record(event="tenant.created", tenant_id=tenant, actor="system")
    assert key_store().exists(tenant_handle(tenant))
