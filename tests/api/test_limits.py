"""The shared bucket: never more than is allowed, whoever asks and however often."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from rest_framework.settings import api_settings

from api import limits
from api.limits import refusal_forget, refusal_remember, refusal_remembered, take
from tests.factories import make_organisation


@pytest.fixture
def bucket(servers) -> str:
    return f"test:{uuid4()}"


@pytest.mark.enable_socket
def test_what_is_allowed_at_once_fits_and_no_more(bucket):
    answers = [take(bucket, 60, 60, at_once=5) for _ in range(8)]
    assert answers[:5] == [0.0] * 5
    assert all(0 < wait <= 1 for wait in answers[5:])


@pytest.mark.enable_socket
def test_the_bucket_empties_with_time(bucket):
    while take(bucket, 20, 1.0, at_once=4) == 0.0:
        pass
    time.sleep(4 / 20)
    assert [take(bucket, 20, 1.0, at_once=4) for _ in range(4)] == [0.0] * 4


@pytest.mark.enable_socket
def test_of_many_at_once_as_many_pass_as_are_allowed(bucket):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: take(bucket, 60, 6000, at_once=50), range(400)))
    assert answers.count(0.0) == 50


@pytest.mark.enable_socket
def test_who_never_stops_asking_still_gets_what_is_allowed(bucket):
    """Fifty times the limit for three seconds: within 5 % of the limit, what fits at once left out."""
    limit, window_s, passed = 20, 1.0, []
    began = time.monotonic()
    while (now := time.monotonic() - began) < 4:
        if take(bucket, limit, window_s, at_once=4) == 0.0:
            passed.append(now)
        time.sleep(1 / (50 * limit))
    later = [moment for moment in passed if moment >= 1]
    assert len(later) <= 3 * limit * 1.05 + 1
    assert len(later) >= 3 * limit * 0.7  # the client is not always on time on a busy machine


@pytest.mark.enable_socket
def test_the_wait_it_names_is_enough(bucket):
    while (wait := take(bucket, 3, 0.5, at_once=3)) == 0.0:
        pass
    time.sleep(wait)
    assert take(bucket, 3, 0.5, at_once=3) == 0.0


def test_a_refusal_is_remembered_for_a_moment_and_per_credential():
    refusal_remember("Bearer a", 0.05)
    assert 0 < refusal_remembered("Bearer a") <= 0.05
    assert refusal_remembered("Bearer b") == 0.0
    time.sleep(0.06)
    assert refusal_remembered("Bearer a") == 0.0


def test_one_looks_whether_the_bucket_has_room_again_and_the_others_wait_for_what_it_finds(monkeypatch):
    monkeypatch.setattr(limits, "_refused_until", {})
    refusal_remember("Bearer a", 0.0)
    assert [refusal_remembered("Bearer a") > 0 for _ in range(5)] == [False, True, True, True, True]
    refusal_remember("Bearer a", 0.0)  # it was refused again
    assert refusal_remembered("Bearer a") == 0.0
    refusal_forget("Bearer a")  # it fitted
    assert [refusal_remembered("Bearer a") for _ in range(5)] == [0.0] * 5


def test_who_looks_and_never_comes_back_keeps_nobody_out_for_long(monkeypatch):
    monkeypatch.setattr(limits, "_refused_until", {})
    monkeypatch.setattr(limits, "_LOOK_S", 0.02)
    refusal_remember("Bearer a", 0.0)
    assert refusal_remembered("Bearer a") == 0.0
    time.sleep(0.03)
    assert refusal_remembered("Bearer a") == 0.0


def test_what_is_remembered_stays_small(monkeypatch):
    monkeypatch.setattr(limits, "_REMEMBERED", 10)
    monkeypatch.setattr(limits, "_refused_until", {})
    for number in range(50):
        refusal_remember(f"Bearer {number}", 60)
    assert len(limits._refused_until) == 10


@pytest.mark.django_db
@pytest.mark.enable_socket
def test_a_tenant_over_its_limit_is_told_when_to_come_and_the_other_is_served(monkeypatch):
    from api.throttles import TenantThrottle

    monkeypatch.setattr(TenantThrottle, "THROTTLE_RATES", {**api_settings.DEFAULT_THROTTLE_RATES, "tenant": "60/min"})
    busy, other = make_organisation().client(), make_organisation().client()
    answers = [busy.get("/v1/me") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 3
    assert {answer.json()["code"] for answer in answers[3:]} == {"too-many"}
    assert all(int(answer["Retry-After"]) >= 1 for answer in answers[3:])
    assert other.get("/v1/me").status_code == 200
