"""Keys, members and signing in, over HTTP."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from isolation.scope import database_now, tenant_scope
from tenants.actor import Role, Scope
from tenants.models import ApiKeyDigest
from tests.factories import PASSWORD, make_organisation

pytestmark = pytest.mark.django_db


def test_a_key_shows_who_it_is_and_nothing_without_one():
    organisation = make_organisation()
    answer = organisation.client(Scope.VOICES_READ).get("/v1/me")
    assert answer.status_code == 200
    assert answer.json()["scopes"] == ["voices:read"]
    stranger = Client().get("/v1/me")
    assert stranger.status_code == 401
    assert stranger.json()["code"] == "unauthenticated"
    assert stranger.headers["Content-Type"] == "application/problem+json"


def test_a_revoked_key_is_refused_by_the_next_request():
    organisation = make_organisation()
    owner = organisation.member_client(Role.OWNER)
    made = owner.post("/v1/api-keys", {"label": "app", "scopes": ["keys:read"]}, format="json").json()
    headers = {"authorization": f"Bearer {made['key']}"}
    assert Client().get("/v1/api-keys", headers=headers).status_code == 200
    assert owner.delete(f"/v1/api-keys/{made['id']}").status_code == 200
    refused = Client().get("/v1/api-keys", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "key-unknown")


def test_an_expired_key_is_refused():
    organisation = make_organisation()
    owner = organisation.member_client(Role.OWNER)
    past = (database_now() - timedelta(seconds=1)).isoformat()
    made = owner.post(
        "/v1/api-keys", {"label": "app", "scopes": ["keys:read"], "expires_at": past}, format="json"
    ).json()
    assert Client().get("/v1/me", headers={"authorization": f"Bearer {made['key']}"}).status_code == 401


def test_only_a_digest_of_the_key_is_stored():
    organisation = make_organisation()
    text = organisation.key(Scope.VOICES_READ)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM tenants_apikeydigest t")
        assert text[9:] not in cursor.fetchone()[0]
    assert ApiKeyDigest.objects.count() == 1


def test_a_service_key_cannot_make_keys():
    organisation = make_organisation()
    answer = organisation.client().post("/v1/api-keys", {"label": "x", "scopes": ["keys:read"]}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "person-needed")


def test_a_member_cannot_give_more_than_the_role_holds():
    organisation = make_organisation()
    owner = organisation.member_client(Role.OWNER)
    answer = owner.post("/v1/api-keys", {"label": "x", "scopes": ["verifications:attribute"]}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope-missing")


def test_signing_in_needs_the_right_password_and_locks_after_five_failures():
    organisation = make_organisation("acme")
    form = {"organisation": "acme", "email": "owner@acme.example", "password": PASSWORD}
    assert Client().post("/signin", form).status_code == 302
    for _ in range(5):
        assert Client().post("/signin", form | {"password": "wrong"}).status_code == 401
    assert Client().post("/signin", form).status_code == 401
    with tenant_scope(organisation.id):
        organisation.members[Role.OWNER].refresh_from_db()
    assert organisation.members[Role.OWNER].locked_until is not None


def test_a_session_ends_when_the_password_changes():
    organisation = make_organisation()
    client = organisation.member_client(Role.OWNER)
    assert client.get("/v1/me").status_code == 200
    with tenant_scope(organisation.id):
        member = organisation.members[Role.OWNER]
        member.set_password("another one entirely")
        member.save()
    assert client.get("/v1/me").status_code == 401


def test_unsafe_requests_by_session_need_the_csrf_token():
    organisation = make_organisation()
    client = organisation.member_client(Role.OWNER)
    client.handler.enforce_csrf_checks = True
    answer = client.post("/v1/api-keys", {"label": "x", "scopes": ["keys:read"]}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
