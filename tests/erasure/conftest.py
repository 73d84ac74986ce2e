"""A platform of its own for every test, with two people enrolled and papers kept about both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from audit.holdings import AuditHolding
from erasure import jobs, replay
from erasure.holdings import Holding, Subject
from erasure.models import Erasure
from erasure.services import erasure_request
from isolation.scope import tenant_scope
from speakers.holdings import SpeakerHolding
from speakers.models import Speaker
from speakers.services import speaker_add
from storage import keys, objects, sealing
from storage.objects import object_store
from tests.factories import Organisation, make_organisation
from work import leases


class Papers:
    """A holding whose things lie in the object store, sealed under the person's key."""

    def __init__(self, name: str) -> None:
        self.name = name

    def keep(self, subject: Subject, number: int, text: str = "Ada spoke here") -> None:
        key = f"{self._folder(subject)}{number}"
        place = {"tenant_id": subject.tenant_id, "handle": subject.handle, "purpose": self.name, "object_id": key}
        object_store().put(key, sealing.seal_text(**place, text=text))  # type: ignore[arg-type]  # one place, many types

    def destroy(self, subject: Subject) -> int:
        return object_store().clear(self._folder(subject))

    def left(self, subject: Subject) -> list[str]:
        return list(object_store().residue(self._folder(subject)))

    def _folder(self, subject: Subject) -> str:
        return f"{subject.tenant_id}/{self.name}/{subject.handle}/"


RECORDINGS, VOICES = Papers("recordings"), Papers("voices")


@dataclass(frozen=True)
class People:
    """Two people of one tenant: Ada will be erased, Bob stays."""

    organisation: Organisation
    ada: Speaker
    bob: Speaker

    def subject(self, speaker: Speaker) -> Subject:
        return Subject(self.organisation.id, speaker.pk, speaker.key_handle)

    def request(self, speaker: Speaker | None = None) -> Erasure:
        with tenant_scope(self.organisation.id):
            return erasure_request(actor=self.organisation.actor(), speaker_id=(speaker or self.ada).pk)

    def run(self, erasure: Erasure) -> Erasure:
        """One attempt of a worker, whatever the lease of the one before says."""
        with tenant_scope(self.organisation.id):
            Erasure.objects.filter(pk=erasure.pk, state="running").update(lease_until=leases.CLOCK)
        jobs.erasure_run(tenant_id=self.organisation.id, job_id=erasure.pk)
        with tenant_scope(self.organisation.id):
            erasure.refresh_from_db()
        return erasure

    def name_of(self, speaker: Speaker) -> str:
        return sealing.open_text(
            tenant_id=self.organisation.id,
            handle=speaker.key_handle,
            purpose="speaker-name",
            object_id=speaker.pk,
            data=speaker.sealed_name or b"",
        )

    def state_of(self, speaker: Speaker) -> str:
        with tenant_scope(self.organisation.id):
            return Speaker.objects.get(pk=speaker.pk).state


@pytest.fixture(autouse=True)
def stores(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """The data folder of this test alone."""
    settings.DATA_DIR = tmp_path / "data"
    made = (objects.object_store, objects.intake_store, objects.ledger_store, keys.key_store)
    for one in made:
        one.cache_clear()
    yield settings.DATA_DIR
    for one in made:
        one.cache_clear()


@pytest.fixture
def answerers(monkeypatch: pytest.MonkeyPatch) -> list[Holding]:
    """Who keeps data here; a test may put its own in."""
    found: list[Holding] = [VOICES, RECORDINGS, SpeakerHolding(), AuditHolding()]
    monkeypatch.setattr(jobs, "holdings", lambda: found)
    monkeypatch.setattr(replay, "holdings", lambda: found)
    return found


def enrol(organisation: Organisation, name: str) -> Speaker:
    with tenant_scope(organisation.id):
        speaker, _ = speaker_add(actor=organisation.actor(), name=name, contact=f"{name}@example.com")
    return speaker


@pytest.fixture
def people(db: None, answerers: list[Holding]) -> People:
    """Ada and Bob, with two recordings and a voice each."""
    organisation = make_organisation()
    found = People(organisation, enrol(organisation, "Ada"), enrol(organisation, "Bob"))
    for speaker in (found.ada, found.bob):
        for number in (1, 2):
            RECORDINGS.keep(found.subject(speaker), number)
        VOICES.keep(found.subject(speaker), 1)
    return found


@pytest.fixture
def tenant_id(people: People) -> UUID:
    return people.organisation.id
