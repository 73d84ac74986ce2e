"""Forgetting Ada: what is gone, what stays, and that a crash anywhere comes to the same end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from audit import selectors
from audit.jobs import log_integrate
from audit.models import AuditDetail, AuditEntry
from audit.signing import CERTIFICATE, signer_load
from audit.verify import verify_bundle
from audit.whole import log_check
from erasure import jobs
from erasure.certificate import Certificate, verify_document
from erasure.errors import CertificatePending
from erasure.holdings import Holding, Subject
from erasure.ledger import LedgerNote, ledger_notes
from erasure.models import Erasure, ErasureStep
from erasure.selectors import certificate_document
from isolation.scope import tenant_scope
from problems.errors import Gone, NotFound
from speakers.holdings import SpeakerHolding
from speakers.selectors import speaker_get
from storage.errors import KeyShredded, StoreUnavailable
from storage.keys import key_store
from tests.erasure.conftest import RECORDINGS, VOICES, People, enrol
from tests.factories import make_organisation
from work.models import Outbox

COUNTS = {"voices": 1, "recordings": 2, "keys": 1}


def certificate_of(erasure: Erasure) -> Certificate:
    log_key = selectors.verifier_now()
    assert log_key is not None
    document = json.dumps(certificate_document(erasure))
    return verify_document(document, signer_load(CERTIFICATE).verifier, log_key)[0]


def counted(certificate: Certificate) -> dict[str, int]:
    return {name: certificate.destroyed[name] for name in COUNTS}


def assert_forgotten(people: People) -> None:
    """Nothing of Ada is left or opens; everything of Bob does; every old proof holds; the log is whole."""
    ada, bob = people.subject(people.ada), people.subject(people.bob)
    with tenant_scope(people.organisation.id):
        assert [name for holding in jobs.holdings() for name in holding.left(ada)] == []
        assert AuditDetail.objects.filter(handle=ada.handle).count() == 0
    assert not key_store().exists(ada.handle)
    with pytest.raises(KeyShredded):
        people.name_of(people.ada)
    assert people.name_of(people.bob) == "Bob"
    assert (len(RECORDINGS.left(bob)), len(VOICES.left(bob))) == (2, 1)
    assert people.state_of(people.ada) == "erased"
    assert people.state_of(people.bob) == "active"
    log_integrate()
    assert log_check().waiting == 0
    key = selectors.verifier_now()
    assert key is not None
    for number in AuditEntry.objects.values_list("pk", flat=True):
        verify_bundle(json.dumps(selectors.bundle_of(number).to_json()), key)


def test_from_the_request_on_nothing_of_the_person_can_be_used(people: People) -> None:
    people.request()
    assert people.state_of(people.ada) == "erasing"
    with tenant_scope(people.organisation.id), pytest.raises(Gone):
        speaker_get(people.organisation.actor(), people.ada.pk)


def test_a_person_is_forgotten_and_the_other_is_not(people: People) -> None:
    log_integrate()
    erasure = people.run(people.request())
    assert (erasure.state, erasure.progress, erasure.stage) == ("done", 100, "certified")
    with pytest.raises(CertificatePending):
        certificate_document(erasure)
    assert_forgotten(people)
    certificate = certificate_of(erasure)
    assert counted(certificate) == COUNTS
    assert certificate.destroyed[SpeakerHolding.name] >= 1
    assert certificate.destroyed["facts behind log entries"] >= 1
    assert certificate.speaker == str(people.ada.pk)
    assert not Outbox.objects.filter(object_id=erasure.pk).exists()


def test_no_word_of_the_person_stands_in_what_the_erasure_keeps(people: People) -> None:
    erasure = people.run(people.request())
    log_integrate()
    kept = json.dumps(certificate_document(erasure))
    assert "Ada" not in kept
    assert "example.com" not in kept


def test_asked_again_it_is_the_same_erasure(people: People) -> None:
    first = people.request()
    assert people.request().pk == first.pk
    people.run(first)
    assert people.request().pk == first.pk
    assert people.run(first).certificate == first.certificate
    with tenant_scope(people.organisation.id):
        assert AuditDetail.objects.filter(event="erasure.certified").count() == 1


def test_another_tenant_forgets_nobody_here(people: People) -> None:
    stranger = make_organisation()
    with tenant_scope(stranger.id), pytest.raises(NotFound):
        jobs_request(stranger, people)
    assert people.state_of(people.ada) == "active"


def jobs_request(stranger: Any, people: People) -> Erasure:
    from erasure.services import erasure_request

    return erasure_request(actor=stranger.actor(), speaker_id=people.ada.pk)


class Dies(BaseException):
    """The worker is killed: no handler of ours sees it."""


def dying(real: Callable[..., Any], *, done: bool, at: int = 1) -> Callable[..., Any]:
    calls = iter(range(1, 1_000))

    def act(*args: Any, **kwargs: Any) -> Any:
        if next(calls) != at:
            return real(*args, **kwargs)
        if done:
            real(*args, **kwargs)
        raise Dies

    return act


STEPS = [
    ("ledger_note", 1), ("_opened", 2), ("_step", 1), ("_step", 2), ("_step", 4), ("_done", 1), ("_done", 3),
    ("_done", 5), ("_shred", 1), ("_take_inventory", 1), ("record", 1), ("issue", 1), ("_certify", 1),
]  # fmt: skip


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("step", "at"), STEPS)
def test_killed_at_any_step_it_comes_to_the_same_end(
    people: People, monkeypatch: pytest.MonkeyPatch, step: str, at: int, done: bool
) -> None:
    erasure = people.request()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, step, dying(getattr(jobs, step), done=done, at=at))
        with pytest.raises(Dies):
            people.run(erasure)
    assert people.state_of(people.ada) in ("erasing", "erased")
    finished = people.run(erasure)
    assert finished.state == "done"
    assert_forgotten(people)
    assert counted(certificate_of(finished)) == COUNTS
    with tenant_scope(people.organisation.id):
        assert ErasureStep.objects.filter(erasure=erasure, done_at__isnull=True).count() == 0
        assert AuditDetail.objects.filter(event="erasure.certified").count() == 1


class Failing:
    """A holding in front of a store that is away for some calls."""

    name = "far away"

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def destroy(self, subject: Subject) -> int:
        self.calls -= 1
        if self.calls >= 0:
            raise StoreUnavailable
        return 0

    def left(self, subject: Subject) -> list[str]:
        return []


def test_a_store_that_is_away_is_waited_for(people: People, answerers: list[Holding]) -> None:
    answerers.insert(1, Failing(calls=2))
    erasure = people.request()
    for _ in range(2):
        with pytest.raises(jobs.ErasureInterrupted):
            people.run(erasure)
    assert people.run(erasure).state == "done"
    assert_forgotten(people)


def test_what_is_written_after_its_step_is_found_by_the_inventory(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that was still running when its holding was destroyed stores its result too late."""
    real, late = jobs._shred, iter([True])

    def shred(*args: Any) -> None:
        if next(late, False):
            VOICES.keep(people.subject(people.ada), 99)
        real(*args)

    monkeypatch.setattr(jobs, "_shred", shred)
    erasure = people.run(people.request())
    assert_forgotten(people)
    assert certificate_of(erasure).destroyed["voices"] == 2


class Hoarder:
    """Says that it destroyed, and keeps."""

    name = "hoarder"
    keeps = True

    def destroy(self, subject: Subject) -> int:
        return 1

    def left(self, subject: Subject) -> list[str]:
        return ["a copy of Ada's voice"] if self.keeps else []


def test_while_anything_is_left_there_is_no_certificate(people: People, answerers: list[Holding]) -> None:
    hoarder = Hoarder()
    answerers.append(hoarder)
    erasure = people.run(people.request())
    assert (erasure.state, erasure.problem_code, erasure.certificate) == ("failed", "erasure-incomplete", "")
    assert people.state_of(people.ada) == "erasing"
    with pytest.raises(CertificatePending):
        certificate_document(erasure)
    hoarder.keeps = False
    with tenant_scope(people.organisation.id):
        assert jobs.erasure_resume(tenant_id=people.organisation.id) == 1
        assert jobs.erasure_resume(tenant_id=people.organisation.id) == 0
    assert people.run(erasure).state == "done"
    assert_forgotten(people)


def test_before_it_certifies_it_waits_until_no_process_can_hold_a_key(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(key_store(), "cache_s", 5.0)
    monkeypatch.setattr(jobs.time, "sleep", waited.append)
    assert people.run(people.request()).state == "done"
    assert waited == [5.0]


def test_the_ledger_is_written_before_anything_is_destroyed(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    erasure = people.request()
    monkeypatch.setattr(jobs, "_destroy", dying(jobs._destroy, done=False))
    with pytest.raises(Dies):
        people.run(erasure)
    ada = people.subject(people.ada)
    note = LedgerNote("erasure", str(erasure.pk), str(ada.tenant_id), str(ada.speaker_id), ada.handle)
    assert list(ledger_notes()) == [note]
    assert people.name_of(people.ada) == "Ada"


@pytest.mark.django_db
def test_everybody_whom_the_settings_list_answers_for_somebody_with_nothing() -> None:
    """The real holdings, on a person who was only just enrolled: each can be asked, and none is left."""
    organisation = make_organisation()
    people = People(organisation, enrol(organisation, "Ada"), enrol(organisation, "Bob"))
    erasure = people.run(people.request())
    assert (erasure.state, erasure.problem_code) == ("done", "")
    log_integrate()
    names = [holding.name for holding in jobs.holdings()]
    assert list(certificate_of(erasure).destroyed) == sorted([*names, "keys"])
    assert len(set(names)) == len(names)


def test_a_certified_erasure_cannot_be_changed(people: People) -> None:
    from django.db import DatabaseError, transaction

    erasure = people.run(people.request())
    with tenant_scope(people.organisation.id):
        for change in ({"certificate": "another"}, {"state": "queued"}, {"speaker_id": people.bob.pk}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Erasure.objects.filter(pk=erasure.pk).update(**change)
