"""What every view shares: limits per tenant, request ids, logs that name nobody, metrics, readiness."""

from __future__ import annotations

import json
import logging

import pytest
from django.core.cache.backends.redis import RedisCache
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from api.throttles import StrangerThrottle, TenantThrottle
from tenants.actor import Role
from tests.factories import make_organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def three_at_once(monkeypatch):
    for throttle in (TenantThrottle, StrangerThrottle):
        monkeypatch.setattr(throttle, "THROTTLE_RATES", {"tenant": "60/min", "anon": "3/min"})


def test_all_keys_and_members_of_a_tenant_share_one_limit(three_at_once):
    organisation, other = make_organisation(), make_organisation()
    callers = [organisation.client(), organisation.client(), organisation.member_client(Role.OWNER)]
    assert [caller.get("/v1/me").status_code for caller in callers] == [200, 200, 200]
    for caller in callers:
        refused = caller.get("/v1/me")
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many")
        assert 1 <= int(refused["Retry-After"]) <= 2
    assert other.client().get("/v1/me").status_code == 200


def test_strangers_are_limited_by_address(three_at_once):
    answers = [Client().get("/v1/speaker-links/guess") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
    assert answers[-1]["Retry-After"]
    assert Client(REMOTE_ADDR="192.0.2.7").get("/v1/speaker-links/guess").status_code == 404


def test_while_redis_is_away_reading_goes_on_and_making_waits(monkeypatch):
    client = make_organisation().client()

    def away(*_, **__):
        raise RedisAway("gone")

    monkeypatch.setattr(RedisCache, "get", away)  # the class: readiness asks in a thread with a client of its own
    monkeypatch.setattr("api.throttles.take", away)
    assert client.get("/v1/speakers").status_code == 200
    made = client.post("/v1/speakers", {"name": "Ada"}, format="json")
    assert (made.status_code, made.json()["code"], made["Retry-After"]) == (503, "unavailable", "5")
    assert Client().get("/v1/speaker-links/guess").status_code == 503
    assert Client().get("/readyz").status_code == 503


def test_readiness_names_what_does_not_answer(monkeypatch):
    good = Client().get("/readyz")
    assert (good.status_code, good.json()) == (200, {"ready": True, "database": "ok", "redis": "ok", "objects": "ok"})

    def broken():
        raise OSError

    monkeypatch.setattr("config.health._objects", broken)
    bad = Client().get("/readyz")
    assert (bad.status_code, bad.json()["objects"], bad.json()["database"]) == (503, "OSError", "ok")
    assert Client().get("/healthz").status_code == 200


def test_a_request_keeps_its_id_and_gets_one_where_it_has_none():
    assert Client().get("/healthz", headers={"X-Request-ID": "trace-12345678"})["X-Request-ID"] == "trace-12345678"
    for bad in ("short", "with space here", "x" * 65, "new\tline-12345"):
        given = Client().get("/healthz", headers={"X-Request-ID": bad})["X-Request-ID"]
        assert given != bad
        assert len(given) == 32
    problem = Client().get("/v1/me", headers={"X-Request-ID": "trace-12345678"})
    assert problem.json()["request_id"] == "trace-12345678"


def test_a_line_in_the_log_names_the_route_and_nobody(caplog):
    organisation = make_organisation()
    secret = "cAnArY0123456789"
    with caplog.at_level(logging.INFO):
        Client().get(f"/v1/speaker-links/{secret}?token={secret}")
        Client().get(f"/join/{secret}")
        added = organisation.client().post(
            "/v1/speakers", {"name": f"Ada {secret}", "contact": f"{secret}@x.example"}, format="json"
        )
    assert added.status_code == 201
    lines = [json.dumps(record.msg, default=str) + record.getMessage() for record in caplog.records]
    assert sum("v1/speaker-links/<str:token>" in line for line in lines) == 1
    assert sum("join/<str:token>" in line for line in lines) == 1
    link = added.json()["link"].rsplit("/", 1)[1]
    assert not [line for line in lines if secret in line or link in line]


def test_metrics_count_by_route():
    Client().get("/healthz")
    text = Client().get("/metrics").content.decode()
    assert 'consonant_requests_total{method="GET",route="healthz",status="200"}' in text
    assert "consonant_request_seconds_bucket" in text


@pytest.mark.parametrize("path", ["/", "/signin", "/verify", "/problems/", "/join/x", "/docs", "/docs/try"])
def test_no_page_may_ask_anybody_else(path):
    page = Client().get(path)
    policy = page["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy
    assert ("unsafe-inline" in policy) == path.startswith("/docs")
    if not path.startswith("/docs"):
        assert not [word for word in ("<script>", "<style", " style=", " onclick=") if word in page.content.decode()]
