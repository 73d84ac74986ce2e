"""A process that is full says so at once, and what waits gives its place away."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from api import pressure
from api.pressure import Overloaded, Places, Pressure
from problems.errors import TooMany

BUSY = "Bearer busy"


@pytest.fixture
def full(monkeypatch) -> Places:
    """One at work, one may wait."""
    places = Places(at_once=1, waiting=1, patience_s=0.05)
    monkeypatch.setattr(pressure, "_places", places)
    places.take(BUSY)
    return places


def ask(path: str = "/v1/me", **headers: str) -> HttpResponse:
    return Pressure(lambda request: HttpResponse("done"))(RequestFactory().get(path, headers=headers))


def _waits(places: Places) -> None:
    with contextlib.suppress(Overloaded):
        places.take("Bearer other")


def test_a_free_process_answers_and_is_free_again(full):
    full.leave(BUSY)
    assert [ask().status_code for _ in range(5)] == [200] * 5


def test_who_waits_too_long_is_refused_and_told_when_to_come(full):
    answer = ask()
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert b"overloaded" in answer.content


def test_beyond_those_who_wait_nobody_waits(full):
    waiting = threading.Thread(target=_waits, args=(full,))
    waiting.start()
    time.sleep(0.01)
    began = time.monotonic()
    assert ask().status_code == 503
    assert time.monotonic() - began < 0.04
    waiting.join()


def test_a_place_that_is_given_back_is_taken_by_who_waits(full):
    threading.Timer(0.02, full.leave, [BUSY]).start()
    assert ask().status_code == 200


def test_a_probe_is_always_answered(full):
    assert ask("/healthz").status_code == 200


def test_a_fault_gives_the_place_back(full):
    full.leave(BUSY)

    def fault(request):
        raise RuntimeError

    for _ in range(3):
        with pytest.raises(RuntimeError):
            Pressure(fault)(RequestFactory().get("/v1/me"))


def test_who_only_waits_leaves_its_place_to_others(full):
    with full.resting(BUSY):
        assert ask().status_code == 200
    assert ask().status_code == 503


def test_nobody_has_more_than_half_of_the_places(monkeypatch):
    places = Places(at_once=2, waiting=2, patience_s=0.05)
    monkeypatch.setattr(pressure, "_places", places)
    for _ in range(2):
        places.take(BUSY)
    refused = ask(Authorization=BUSY)
    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    assert ask().status_code == 503  # who comes now waits for one of the two that are worked on
    places.leave(BUSY)
    assert [ask(Authorization=BUSY).status_code, ask().status_code] == [200, 200]


def test_who_rests_has_its_share_free(full):
    with full.resting(BUSY):
        full.take(BUSY)
        full.leave(BUSY)
    with pytest.raises(TooMany):
        full.take(BUSY)
