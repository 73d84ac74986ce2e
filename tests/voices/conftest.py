"""A studio: an organisation, a speaker with a consent that an officer approved, and takes to record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from consent.models import Challenge, Consent, Evidence
from consent.services import consent_approve, consent_draft, consent_withdraw
from isolation.scope import database_now, tenant_scope
from speakers.models import Speaker
from tenants.actor import Role
from tests.factories import Organisation, make_organisation
from tests.hostile import file_of, voice_like
from voices.jobs import recording_ingest
from voices.models import Recording

CHECKS = "tests.voices.checks."


def approved_consent(organisation: Organisation, speaker: Speaker) -> Consent:
    """A consent in force; its spoken evidence is written as the checks would leave it, an officer approves it."""
    now = database_now()
    terms = {
        "purposes": ["customer_service"], "channels": ["phone"], "languages": ["en"], "territories": ["*"],
        "content_class": "service", "recipients": ["customers"], "may_finetune": True, "may_export": False,
        "valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=30),
    }  # fmt: skip
    with tenant_scope(organisation.id):
        draft = consent_draft(actor=organisation.actor(), speaker_id=speaker.pk, terms=terms, locale="en")
        challenge = Challenge.objects.create(
            tenant_id=organisation.id, consent=draft, phrase="a phrase", locale="en", bits=40.0, expires_at=now
        )
        Evidence.objects.create(
            tenant_id=organisation.id, consent=draft, challenge=challenge, length_s=3.0, state="done", outcome="passed"
        )
        Consent.objects.filter(pk=draft.pk).update(state="pending")
        return consent_approve(actor=organisation.actor(Role.CONSENT_OFFICER), consent_id=draft.pk)


def enrolled(organisation: Organisation, name: str = "Ada Canary") -> Speaker:
    body = {"name": name, "contact": "ada@canary.example"}
    answer = organisation.client().post("/v1/speakers", body, format="json")
    assert answer.status_code == 201, answer.content
    with tenant_scope(organisation.id):
        return Speaker.objects.get(pk=answer.json()["id"])


def take(length_s: float = 3.0, *, rate_hz: int = 24_000, container: str = "WAV", subtype: str = "PCM_16") -> bytes:
    """A file that could be somebody reading a sentence."""
    return file_of(voice_like(length_s, rate_hz), rate_hz, container, subtype)


@dataclass
class Studio:
    """Everything that recording needs, over HTTP."""

    organisation: Organisation
    speaker: Speaker
    consent: Consent
    client: APIClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.organisation.client()

    def announce(self, size: int, content_type: str = "audio/wav", **members: Any) -> Any:
        body = {"speaker": str(self.speaker.pk), "size": size, "content_type": content_type, **members}
        return self.client.post("/v1/uploads", body, format="json")

    def upload(self, data: bytes, content_type: str = "audio/wav") -> str:
        """Announce and PUT; the upload's id."""
        announced = self.announce(len(data), content_type).json()
        path = announced["url"].removeprefix("http://testserver")
        put = APIClient().put(path, data=data, content_type=content_type)
        assert put.status_code == 204, put.content
        return str(announced["id"])

    def record(self, data: bytes, **members: Any) -> Any:
        """Upload and hand in; the answer."""
        reading = {"language": "en", "transcript": "The canary sings in the morning.", **members}
        return self.client.post("/v1/recordings", {"upload": self.upload(data), **reading}, format="json")

    def ingested(self, data: bytes, **members: Any) -> dict[str, Any]:
        """Upload, hand in and judge; the recording as the API tells it."""
        answer = self.record(data, **members)
        assert answer.status_code == 202, answer.content
        return self.judge(answer.json()["id"])

    def judge(self, recording_id: str) -> dict[str, Any]:
        recording_ingest(tenant_id=self.organisation.id, job_id=UUID(recording_id))
        told: dict[str, Any] = self.client.get(f"/v1/recordings/{recording_id}").json()
        return told

    def row(self, recording_id: str) -> Recording:
        with tenant_scope(self.organisation.id):
            return Recording.objects.select_related("speaker", "upload").get(pk=recording_id)

    def withdraw(self) -> None:
        with tenant_scope(self.organisation.id):
            consent_withdraw(actor=self.organisation.actor(), consent_id=self.consent.pk)


def make_studio(slug: str | None = None) -> Studio:
    organisation = make_organisation(slug)
    speaker = enrolled(organisation)
    return Studio(organisation, speaker, approved_consent(organisation, speaker))


@pytest.fixture(autouse=True)
def _checks_that_pass(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The speaker check and the mark's search belong to others and take seconds; a test puts in another answer."""
    # The heartbeat's own connection cannot see rows that a test will roll back.
    monkeypatch.setattr("work.pulse.SILENT_S", 600.0)
    settings.SPEAKER_CHECK = CHECKS + "same_person"
    settings.CONSENT_MARK_CHECK = CHECKS + "unmarked"


@pytest.fixture
def studio(db: None) -> Studio:
    return make_studio()
