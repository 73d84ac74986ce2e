"""Erasure over HTTP: asked for, followed, certified, and nothing for strangers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from audit.jobs import log_integrate
from erasure.certificate import main
from tenants.actor import Role, Scope
from tests.erasure.conftest import People
from tests.factories import make_organisation


def test_the_operator_follows_an_erasure_to_its_certificate(
    people: People, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = people.organisation.client(Scope.ERASURES_READ, Scope.ERASURES_WRITE)
    asked = client.post(f"/v1/speakers/{people.ada.pk}/erasure")
    assert asked.status_code == 202, asked.content
    address = asked["Location"]
    assert client.get(address).json()["state"] == "queued"
    pending = client.get(f"{address}/certificate")
    assert (pending.status_code, pending.json()["code"]) == (409, "certificate-pending")
    people.run(people.request())
    log_integrate()
    done = client.get(address).json()
    assert (done["state"], done["certified"], done["speaker"]) == ("done", True, str(people.ada.pk))
    assert [step["name"] for step in done["steps"]][-1] == "keys"
    assert [one["id"] for one in client.get("/v1/erasures").json()["results"]] == [done["id"]]

    (tmp_path / "document").write_bytes(client.get(f"{address}/certificate").content)
    stranger = APIClient()
    keys = [stranger.get(path).content.decode().strip() for path in ("/log/certificate-key", "/log/key")]
    assert main([str(tmp_path / "document"), "--key", keys[0], "--log-key", keys[1]]) == 0
    assert "HOLDS" in capsys.readouterr().out
    assert main([str(tmp_path / "document"), "--key", keys[1], "--log-key", keys[0]]) == 1


def test_the_same_request_twice_is_one_erasure(people: People) -> None:
    client = people.organisation.client(Scope.ERASURES_WRITE)
    address, key = f"/v1/speakers/{people.ada.pk}/erasure", {"HTTP_IDEMPOTENCY_KEY": "once"}
    answers = [client.post(address, **key).content for _ in range(2)]
    assert answers[0] == answers[1]
    assert client.post(address).json()["id"] == json.loads(answers[0])["id"]


def test_another_tenant_finds_nothing(people: People) -> None:
    erasure = people.request()
    other = make_organisation().client()
    for answer in (
        other.post(f"/v1/speakers/{people.bob.pk}/erasure"),
        other.get(f"/v1/erasures/{erasure.pk}"),
        other.get(f"/v1/erasures/{erasure.pk}/certificate"),
    ):
        assert answer.status_code == 404
    assert other.get("/v1/erasures").json()["results"] == []
    assert people.state_of(people.bob) == "active"


@pytest.mark.parametrize(("role", "status"), [(Role.PRODUCER, 403), (Role.AUDITOR, 403), (Role.OWNER, 202)])
def test_who_may_ask(people: People, role: Role, status: int) -> None:
    client = people.organisation.member_client(role)
    assert client.post(f"/v1/speakers/{people.ada.pk}/erasure").status_code == status
