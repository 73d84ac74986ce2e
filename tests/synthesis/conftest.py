"""A person with a humming voice under consent, ready to be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from config.embedded import Servers
from consent.models import Challenge, Consent, Evidence
from consent.rules import Use
from consent.services import consent_withdraw
from isolation.scope import database_now, tenant_scope
from speakers.models import Speaker
from speakers.services import speaker_add
from synthesis.engine import BINS, Take
from synthesis.humming import HummingEngine
from synthesis.jobs import synthesis_render
from synthesis.models import Synthesis
from synthesis.services import Order, synthesis_request
from tenants.actor import Role
from tests.factories import Organisation, make_organisation
from voices.models import Voice, VoiceVersion
from voices.services import version_add, voice_create

SENTENCE = "The quick brown fox jumps over the lazy dog and sits down under a tree."
USE = {
    "purpose": "customer_service",
    "channel": "phone",
    "language": "en",
    "territory": "GB",
    "content_class": "service",
    "recipient": "customers",
}
TERMS = {
    "format": "consonant.terms/1",
    "purposes": ["customer_service"],
    "channels": ["app", "phone"],
    "languages": ["en"],
    "territories": ["GB", "IE"],
    "content_class": "service",
    "recipients": ["customers"],
    "may_finetune": True,
    "may_export": False,
}


def approved_consent(organisation: Organisation, speaker: Speaker, **terms: Any) -> Consent:
    """A consent in force, by the moves that the database demands: draft, evidence, pending, approved by an officer."""
    now = database_now()
    dates = {"valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=30)}
    document = TERMS | {name: moment.isoformat() for name, moment in dates.items()} | terms
    with tenant_scope(organisation.id):
        consent = Consent.objects.create(
            tenant_id=organisation.id,
            speaker=speaker,
            version=Consent.objects.filter(speaker=speaker).count() + 1,
            terms=document,
            terms_sha256="0" * 64,
            text_locale="en",
            text_version=1,
            text_sha256="0" * 64,
            **dates,
        )
        challenge = Challenge.objects.create(
            tenant_id=organisation.id, consent=consent, phrase="a phrase", locale="en", bits=40.0, expires_at=now
        )
        Evidence.objects.create(
            tenant_id=organisation.id,
            consent=consent,
            challenge=challenge,
            length_s=3.0,
            state="done",
            outcome="passed",
        )
        Consent.objects.filter(pk=consent.pk).update(state="pending")
        officer = organisation.members[Role.CONSENT_OFFICER]
        Consent.objects.filter(pk=consent.pk).update(state="active", approved_by=officer, approved_at=now)
        consent.refresh_from_db()
    return consent


@lru_cache(maxsize=4)
def adapter(seed: int = 0) -> bytes:
    """A voice file of the humming engine, learned from something that hums."""
    engine = HummingEngine()
    samples = engine.render(
        engine.prepare(SENTENCE),
        engine.base_voice(),
        gain=lambda first, frames: np.ones((frames, BINS), np.float32),
        seed=seed,
        pitch=1.0 + 0.1 * seed,
    )
    return engine.adapt([Take(samples, engine.rate_hz, SENTENCE)])


@dataclass
class World:
    """One organisation with one voice that may be used."""

    org: Organisation
    speaker: Speaker
    consent: Consent
    voice: Voice
    version: VoiceVersion

    def request(self, text: str = SENTENCE, *, use: dict[str, str] | None = None, **order: Any) -> Synthesis:
        return synthesis_request(
            actor=self.org.actor(), version_id=self.version.pk, use=Use(**(use or USE)), order=Order(text, **order)
        )

    def queued(self, text: str = SENTENCE, **order: Any) -> Synthesis:
        """A synthesis that was accepted and committed."""
        with tenant_scope(self.org.id):
            return self.request(text, **order)

    def rendered(self, text: str = SENTENCE, **order: Any) -> Synthesis:
        """A synthesis whose job has run to its end, whatever that is."""
        row = self.queued(text, **order)
        synthesis_render(tenant_id=self.org.id, job_id=row.pk)
        return self.row(row.pk)

    def row(self, synthesis_id: UUID) -> Synthesis:
        with tenant_scope(self.org.id):
            return Synthesis.objects.select_related("consent", "version__voice").get(pk=synthesis_id)

    def withdraw(self) -> None:
        with tenant_scope(self.org.id):
            consent_withdraw(actor=self.org.actor(Role.CONSENT_OFFICER), consent_id=self.consent.pk)

    def body(self, **members: Any) -> dict[str, Any]:
        """A request as it goes over HTTP."""
        return {"voice_version": str(self.version.pk), "use": USE, "text": SENTENCE, **members}


def make_world(**terms: Any) -> World:
    org = make_organisation()
    with tenant_scope(org.id):
        speaker, _ = speaker_add(actor=org.actor(), name="Ada Canary", contact="ada@canary.example")
        consent = approved_consent(org, speaker, **terms)
        voice = voice_create(actor=org.actor(), speaker_id=speaker.pk, name="Ada", language="en")
        version = version_add(
            tenant_id=org.id,
            voice_id=voice.pk,
            adapter=adapter(),
            base_sha256=HummingEngine().base_sha256,
            measures={},
            preview=False,
        )
    return World(org, speaker, consent, voice, version)


@pytest.fixture
def world() -> World:
    """Needs a database that commits: `pytest.mark.django_db(transaction=True)`."""
    return make_world()


@pytest.fixture
def another_world(world: World) -> World:
    """A stranger's, from another tenant."""
    return make_world()


@pytest.fixture
def another_speaker(world: World) -> UUID:
    """The consent in force of another person of the same tenant."""
    with tenant_scope(world.org.id):
        speaker, _ = speaker_add(actor=world.org.actor(), name="Bo", contact="bo@example.com")
    consent_id: UUID = approved_consent(world.org, speaker).pk
    return consent_id


@pytest.fixture
def no_finetune_world() -> World:
    """A world whose speaker allows no fine-tuning."""
    return make_world(may_finetune=False)


@pytest.fixture
def pairs(world: World, servers: Servers) -> Callable[..., list[tuple[UUID, UUID]]]:
    """``pairs(n)``: n consents in force, each with a synthesis that is running under fence 1.

    ``pairs(n, template, columns, values)`` copies another row, with other columns changed.
    """
    usual: list[Synthesis] = []

    def made(
        count: int, template: Synthesis | None = None, columns: str = "state, fence", values: str = "'running', 1"
    ) -> list[tuple[UUID, UUID]]:
        if template is None:
            usual[:] = usual or [world.queued()]
            template = usual[0]
        # Copies by a superuser without triggers: the long way to a consent is not what is raced here.
        with servers.superuser() as owner:
            owner.execute("SET session_replication_role = replica")
            consents = _copies(owner, "consent_consent", world.consent.pk, count, "version", "version + n")
            rows = _copies(owner, "synthesis_synthesis", template.pk, count, columns, values)
            owner.execute(
                "UPDATE synthesis_synthesis s SET consent_id = p.consent FROM unnest(%s::uuid[], %s::uuid[])"
                " AS p(consent, id) WHERE s.id = p.id",
                [consents, rows],
            )
        return list(zip(consents, rows, strict=True))

    return made


def _copies(owner: Any, table: str, pk: UUID, count: int, columns: str, values: str) -> list[UUID]:
    given = {"id", *columns.split(", ")}
    names = owner.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table])
    kept = ", ".join(name for (name,) in names if name not in given)
    rows = owner.execute(
        f"INSERT INTO {table} (id, {columns}, {kept}) SELECT gen_random_uuid(), {values}, {kept}"
        f" FROM {table}, generate_series(1, %s) AS n WHERE id = %s RETURNING id",
        [count, pk],
    )
    return [row[0] for row in rows]
