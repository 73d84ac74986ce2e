"""The log over HTTP: public files for anybody, a tenant's acts for the tenant, proofs that hold offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from audit import selectors
from audit.checkpoints import VerifierKey
from audit.jobs import log_integrate
from audit.models import AuditDetail
from audit.services import record
from audit.verify import verify_bundle
from isolation.scope import tenant_scope
from storage.keys import key_store
from storage.objects import object_store
from tenants.actor import Scope
from tests.factories import Organisation, make_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_log(stores: Path) -> None:
    """Every test here starts with an empty log."""


@pytest.fixture
def operator() -> Organisation:
    """A tenant that has done three things about a person called Ada; none is integrated yet."""
    organisation = make_organisation()
    key_store().create("ada-handle")
    with tenant_scope(organisation.id):
        for event in ("speaker.enrolled", "consent.approved", "voice.made"):
            record(
                event=event,
                tenant_id=organisation.id,
                actor="member:1",
                subject_handle="ada-handle",
                detail={"name": "Ada"},
            )
    return organisation


def entries_of(client: APIClient, **query: str) -> list[dict[str, Any]]:
    answer = client.get("/v1/log/entries", query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def test_a_tenant_reads_its_acts_and_where_they_stand(operator: Organisation) -> None:
    client = operator.client(Scope.LOG_READ)
    waiting = entries_of(client, event="consent.approved")
    assert [(one["index"], one["detail"]) for one in waiting] == [(None, {"name": "Ada"})]
    log_integrate()
    listed = entries_of(client, actor="member:1")
    assert [one["event"] for one in listed] == ["voice.made", "consent.approved", "speaker.enrolled"]
    assert all(isinstance(one["index"], int) for one in listed)
    one = client.get(f"/v1/log/entries/{listed[0]['id']}")
    assert one.json() == listed[0]


def test_the_proof_holds_in_the_stand_alone_verifier(operator: Organisation) -> None:
    client, stranger = operator.client(Scope.LOG_READ), APIClient()
    entry = entries_of(client, event="consent.approved")[0]["id"]
    pending = client.get(f"/v1/log/proofs/{entry}")
    assert (pending.status_code, pending.json()["code"]) == (409, "entry-pending")
    assert pending["Retry-After"]
    log_integrate()
    key = VerifierKey.parse(stranger.get("/log/key").content.decode())
    answer = client.get(f"/v1/log/proofs/{entry}", {"disclose": "true", "since": "1"})
    verified = verify_bundle(answer.content, key, event="consent.approved")
    assert verified.bundle.disclosure is not None
    assert verified.bundle.disclosure.facts["detail"] == {"name": "Ada"}
    assert verified.bundle.consistency is not None
    plain = client.get(f"/v1/log/proofs/{entry}").json()
    assert "disclosure" not in plain
    assert "Ada" not in json.dumps(plain)


def test_after_the_erasure_the_old_proof_holds_and_says_nothing(operator: Organisation) -> None:
    client = operator.client(Scope.LOG_READ)
    log_integrate()
    entry = entries_of(client, event="consent.approved")[0]["id"]
    key_store().shred("ada-handle")
    assert entries_of(client, event="consent.approved")[0]["detail"] is None
    answer = client.get(f"/v1/log/proofs/{entry}", {"disclose": "true"})
    key = selectors.verifier_now()
    assert key is not None
    assert verify_bundle(answer.content, key).bundle.disclosure is None


def test_another_tenant_and_a_key_without_the_scope_get_nothing(operator: Organisation) -> None:
    log_integrate()
    entry = entries_of(operator.client(Scope.LOG_READ))[0]["id"]
    other = make_organisation().client(Scope.LOG_READ)
    nowhere = other.get("/v1/log/proofs/00000000-0000-4000-8000-000000000000").json()
    for path in (f"/v1/log/entries/{entry}", f"/v1/log/proofs/{entry}"):
        answer = other.get(path)
        assert (answer.status_code, answer.json()["detail"]) == (404, nowhere["detail"])
        assert operator.client(Scope.VOICES_READ).get(path).status_code == 403
        assert APIClient().get(path).status_code == 401
    assert entry not in [one["id"] for one in entries_of(other)]


@pytest.mark.parametrize("query", [{"since": "-1"}, {"since": "x"}, {"since": "99999"}])
def test_a_size_the_log_never_had_is_refused(operator: Organisation, query: dict[str, str]) -> None:
    client = operator.client(Scope.LOG_READ)
    log_integrate()
    entry = entries_of(client)[0]["id"]
    assert client.get(f"/v1/log/proofs/{entry}", query).status_code == 422


def test_anybody_can_fetch_what_a_monitor_needs(operator: Organisation) -> None:
    stranger = APIClient()
    assert stranger.get("/log/checkpoint").status_code == 404
    assert stranger.get("/log/key").status_code == 404
    size = log_integrate().size
    note = stranger.get("/log/checkpoint")
    assert note["Content-Type"] == "text/plain; charset=utf-8"
    assert note.content.decode().split("\n")[1] == str(size)
    tile = stranger.get(f"/log/tile/0/000.p/{size}")
    assert (tile["Content-Type"], len(tile.content)) == ("application/octet-stream", 32 * size)
    assert "immutable" in tile["Cache-Control"]
    assert b"Ada" not in stranger.get(f"/log/tile/entries/000.p/{size}").content


@pytest.mark.parametrize(
    "path", ["0/000", "0/000.p/250", "0/001", "1/000.p/1", "entries/000", "../checkpoint", "x", "64/000"]
)
def test_what_the_signed_log_does_not_hold_is_not_there(operator: Organisation, path: str) -> None:
    log_integrate()
    answer = APIClient().get(f"/log/tile/{path}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_nothing_beyond_the_signed_head_is_served(operator: Organisation) -> None:
    size = log_integrate().size
    object_store().put(f"log/tile/0/000.p/{size + 1}", bytes(32 * (size + 1)))  # a run that died before signing
    assert APIClient().get(f"/log/tile/0/000.p/{size + 1}").status_code == 404


def test_the_commands_integrate_and_check(operator: Organisation, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("sequence", "--once")
    call_command("fsck_log")
    assert "whole:" in capsys.readouterr().out
    with tenant_scope(operator.id):
        assert AuditDetail.objects.count() >= 3
    store = object_store()
    name = next(one.key for one in store.find("log/tile/entries/"))
    store.put(name, store.get(name).replace(b"consent.approved", b"consent.expireds"))
    with pytest.raises(CommandError, match="does not add up"):
        call_command("fsck_log")
