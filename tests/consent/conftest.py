"""A tenant with a speaker, and the way of a consent as far as a test needs it gone."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import soundfile
from django.conf import LazySettings

from consent import services
from consent.jobs import evidence_check
from consent.models import Challenge, Consent, Evidence
from isolation.scope import database_now, tenant_scope
from speakers.models import Speaker
from speakers.services import speaker_add
from tenants.actor import Role
from tests.consent import standins
from tests.factories import Organisation, make_organisation


@pytest.fixture(autouse=True)
def _answers(settings: LazySettings) -> None:
    """Nobody above consent is needed: the stand-ins answer."""
    settings.CONSENT_MARK_CHECK = "tests.consent.standins.no_mark"
    settings.SPEAKER_CHECK = "tests.consent.standins.same_speaker"
    settings.SPEAKER_USES = "tests.consent.standins.made_nothing"
    settings.CONSENT_REACTIONS = ["tests.consent.standins.note_end"]
    standins.ended.clear()


def terms(**changes: Any) -> dict[str, Any]:
    """Terms of a customer service, valid for a year around now."""
    now = database_now()
    plain = {
        "purposes": ["customer_service"],
        "channels": ["phone"],
        "languages": ["en"],
        "territories": ["DE"],
        "content_class": "service",
        "recipients": ["customers"],
        "may_finetune": True,
        "may_export": False,
        "valid_from": (now - timedelta(days=1)).isoformat(),
        "valid_until": (now + timedelta(days=364)).isoformat(),
    }
    return plain | {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in changes.items()
    }


def sound(seconds: float = 2.0) -> bytes:
    """A WAV file that holds no words."""
    file = io.BytesIO()
    samples = 0.1 * np.random.default_rng(4).standard_normal(int(16_000 * seconds))
    soundfile.write(file, samples, 16_000, format="WAV", subtype="PCM_16")
    return file.getvalue()


@dataclass
class Studio:
    """An organisation with one speaker, and the speaker's link."""

    organisation: Organisation
    speaker: Speaker
    token: str

    @property
    def id(self) -> UUID:
        return self.organisation.id

    def draft(self, **changes: Any) -> Consent:
        """A draft; in German, because no recogniser hears German and the officer's ear decides."""
        locale = changes.pop("locale", "de")
        supersedes = changes.pop("supersedes", None)
        with tenant_scope(self.id):
            return services.consent_draft(
                actor=self.organisation.actor(),
                speaker_id=self.speaker.pk,
                terms=terms(**changes),
                locale=locale,
                supersedes=supersedes,
            )

    def challenge(self, consent: Consent) -> Challenge:
        with tenant_scope(self.id):
            return services.challenge_issue(actor=self.organisation.actor(), consent_id=consent.pk)

    def submit(self, consent: Consent, challenge: Challenge, data: bytes | None = None) -> Evidence:
        with tenant_scope(self.id):
            return services.evidence_submit(
                actor=self.organisation.actor(),
                consent_id=consent.pk,
                challenge_id=challenge.pk,
                data=sound() if data is None else data,
            )

    def check(self, evidence: Evidence) -> Evidence:
        evidence_check(tenant_id=self.id, job_id=evidence.pk)
        with tenant_scope(self.id):
            return Evidence.objects.get(pk=evidence.pk)

    def pending(self, **changes: Any) -> Consent:
        consent = self.draft(**changes)
        self.check(self.submit(consent, self.challenge(consent)))
        return self.again(consent)

    def active(self, **changes: Any) -> Consent:
        consent = self.pending(**changes)
        with tenant_scope(self.id):
            return services.consent_approve(actor=self.organisation.actor(Role.CONSENT_OFFICER), consent_id=consent.pk)

    def again(self, consent: Consent) -> Consent:
        """The row as it stands now."""
        with tenant_scope(self.id):
            return Consent.objects.select_related("speaker").get(pk=consent.pk)


@pytest.fixture
def make_studio() -> Callable[..., Studio]:
    """Makes an organisation with a speaker; `is_demo` for a demonstration's."""

    def make(*, is_demo: bool = False) -> Studio:
        organisation = make_organisation(is_demo=is_demo)
        with tenant_scope(organisation.id):
            speaker, token = speaker_add(actor=organisation.actor(), name="Ada Example", contact="ada@example.org")
        return Studio(organisation, speaker, token)

    return make


@pytest.fixture
def studio(db: None, make_studio: Callable[..., Studio]) -> Studio:
    """One organisation with one speaker; rolled back."""
    return make_studio()
