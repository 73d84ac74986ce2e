"""A process that is full says so at once, and what waits gives its place away."""

from __future__ import annotations

import threading
import time

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from api import pressure
from api.pressure import Places, Pressure


@pytest.fixture
def full(monkeypatch) -> Places:
    """One at work, one may wait."""
    places = Places(at_once=1, waiting=1, patience_s=0.05)
    monkeypatch.setattr(pressure, "_places", places)
    assert places.take()
    return places


def ask(path: str = "/v1/me") -> HttpResponse:
    return Pressure(lambda request: HttpResponse("done"))(RequestFactory().get(path))


def test_a_free_process_answers_and_is_free_again(full):
    full.leave()
    assert [ask().status_code for _ in range(5)] == [200] * 5


def test_who_waits_too_long_is_refused_and_told_when_to_come(full):
    answer = ask()
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert b"overloaded" in answer.content


def test_beyond_those_who_wait_nobody_waits(full):
    waiting = threading.Thread(target=full.take)
    waiting.start()
    time.sleep(0.01)
    began = time.monotonic()
    assert ask().status_code == 503
    assert time.monotonic() - began < 0.04
    waiting.join()


def test_a_place_that_is_given_back_is_taken_by_who_waits(full):
    threading.Timer(0.02, full.leave).start()
    assert ask().status_code == 200


def test_a_probe_is_always_answered(full):
    assert ask("/healthz").status_code == 200


def test_a_fault_gives_the_place_back(full):
    full.leave()

    def fault(request):
        raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            Pressure(fault)(RequestFactory().get("/v1/me"))


def test_who_only_waits_leaves_its_place_to_others(full):
    with full.resting():
        assert ask().status_code == 200
    assert ask().status_code == 503
