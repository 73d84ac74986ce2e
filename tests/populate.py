"""A tenant with a whole story in it, made through the API as its members would: for tests that need something there."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from config.celery import app
from consent.services import phrase_list_set
from isolation.scope import database_now, tenant_scope
from tenants.actor import Role
from tests.factories import Organisation
from work.models import Outbox

SPEECH = Path(__file__).resolve().parents[1] / "platform" / "config" / "demo" / "speech"
USE = {
    "purpose": "customer_service",
    "channel": "phone",
    "language": "en",
    "territory": "US",
    "content_class": "general",
    "recipient": "customers",
}


@dataclass(frozen=True)
class Take:
    """One real recording and its words."""

    data: bytes
    text: str


@dataclass
class Story:
    """What stands in the tenant: the API's own answers."""

    organisation: Organisation
    speaker: dict[str, Any] = field(default_factory=dict)
    consent: dict[str, Any] = field(default_factory=dict)
    voice: dict[str, Any] = field(default_factory=dict)
    version: dict[str, Any] = field(default_factory=dict)
    synthesis: dict[str, Any] = field(default_factory=dict)

    @property
    def link(self) -> str:
        """The secret of the speaker's own link."""
        return str(self.speaker["link"]).rsplit("/", 1)[1]


def takes(person: str = "kathleen", count: int | None = None) -> list[Take]:
    """Recordings of a person of the demonstration's speech."""
    with (SPEECH / person / "metadata.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="|"))[:count]
    return [Take((SPEECH / person / "audio" / f"{row[0]}.opus").read_bytes(), row[1]) for row in rows]


def terms(**changes: Any) -> dict[str, Any]:
    """Terms that allow USE for a year."""
    now = database_now()
    return {
        "purposes": ["customer_service"],
        "channels": ["phone", "app"],
        "languages": ["en"],
        "territories": ["US"],
        "content_class": "general",
        "recipients": ["customers"],
        "may_finetune": True,
        "may_export": False,
        "valid_from": (now - timedelta(days=1)).isoformat(),
        "valid_until": (now + timedelta(days=365)).isoformat(),
    } | changes


def work_off(limit: int = 100) -> None:
    """Do in this process what the relay and the workers would do."""
    app.loader.import_default_modules()  # the task modules, as a worker does at its start
    for _ in range(limit):
        entry = Outbox.objects.order_by("due_at").first()
        if entry is None:
            return
        app.tasks[entry.task](str(entry.tenant_id), str(entry.object_id))
        if Outbox.objects.filter(pk=entry.pk, due_at=entry.due_at).exists():
            raise AssertionError(f"{entry.task} left its work where it was")


def good(answer: Any) -> Any:
    """The body of an answer that has to be a good one."""
    assert answer.status_code < 300, answer.content
    return answer.json()


def consented(organisation: Organisation, person: str = "kathleen", name: str = "", **changes: Any) -> Story:
    """A speaker with a consent in force: a real recording answers a really random challenge."""
    spoken = {take.text: take.data for take in takes(person)}
    with transaction.atomic(), tenant_scope(organisation.id):
        type(organisation.tenant).objects.filter(pk=organisation.id).update(is_demo=True)
        phrase_list_set(tenant_id=organisation.id, sentences=list(spoken))
    client = organisation.client()
    story = Story(organisation)
    story.speaker = good(
        client.post("/v1/speakers", {"name": name or person, "contact": f"{person}@x.example"}, format="json")
    )
    draft = {"speaker": story.speaker["id"], "terms": terms(**changes), "locale": "en"}
    story.consent = good(client.post("/v1/consents", draft, format="json"))
    path = f"/v1/consents/{story.consent['id']}"
    challenge = good(client.post(f"{path}/challenge"))
    clip = SimpleUploadedFile("clip.opus", spoken[challenge["phrase"]])
    good(client.post(f"{path}/evidence", {"challenge": challenge["id"], "recording": clip}, format="multipart"))
    work_off()
    story.consent = good(organisation.member_client(Role.CONSENT_OFFICER).post(f"{path}/approve"))
    return story


def voiced(
    organisation: Organisation, person: str = "kathleen", count: int = 4, kind: str = "preview", name: str = ""
) -> Story:
    """A consented speaker with recordings and one voice version."""
    story = consented(organisation, person, name)
    client = organisation.client()
    for take in takes(person, count):
        asked = {"speaker": story.speaker["id"], "size": len(take.data), "content_type": "audio/ogg"}
        upload = good(client.post("/v1/uploads", asked, format="json"))
        path = upload["url"].split("://", 1)[1].split("/", 1)[1]
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in upload["headers"].items()}
        content = headers.pop("HTTP_CONTENT_TYPE", "audio/ogg")
        assert client.put(f"/{path}", data=take.data, content_type=content, **headers).status_code == 204
        body = {"upload": upload["id"], "language": "en", "transcript": take.text}
        good(client.post("/v1/recordings", body, format="json"))
    work_off()
    body = {"speaker": story.speaker["id"], "name": "Kathleen", "language": "en"}
    story.voice = good(client.post("/v1/voices", body, format="json"))
    tune = good(client.post("/v1/finetunes", {"voice": story.voice["id"], "kind": kind}, format="json"))
    work_off()
    tune = good(client.get(f"/v1/finetunes/{tune['id']}"))
    assert tune["state"] == "done", tune
    story.version = good(client.get(f"/v1/voices/{story.voice['id']}/versions"))["results"][0]
    return story


def spoken(organisation: Organisation, text: str = "Thank you for calling us today.", name: str = "") -> Story:
    """A voiced tenant with one released synthesis."""
    story = voiced(organisation, name=name)
    client = organisation.client()
    body = {"voice_version": story.version["id"], "text": text, "use": USE}
    synthesis = good(client.post("/v1/syntheses", body, format="json"))
    work_off()
    story.synthesis = good(client.get(f"/v1/syntheses/{synthesis['id']}"))
    assert story.synthesis["state"] == "done", story.synthesis
    return story


def populate(organisation: Organisation) -> Story:
    """A tenant with a row of every kind that the API makes."""
    invited = {"email": "late@x.example", "name": "Late Comer", "role": "auditor"}
    good(organisation.member_client(Role.OWNER).post("/v1/invitations", invited, format="json"))
    return spoken(organisation)
