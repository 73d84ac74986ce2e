"""What a process that has too much to do does not begin: it says when to come again, at once and cheaply.

A server that takes everything makes everybody wait for longer than anybody is willing to. Here
settings.REQUESTS_AT_ONCE of one process are worked on, as many again wait for a moment, and the rest are refused
within a millisecond. A caller whose
limit was found full a moment ago is refused before anything is looked up, so that its neighbours do not pay for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.limits import refusal_remembered
from problems.errors import DomainError, TooMany, Unavailable
from problems.handler import answer

PATIENCE_S = 0.5
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})  # an orchestrator must not take a busy process for a dead one


class Overloaded(Unavailable):
    """This process has as much to do as it can."""

    code = "overloaded"
    title = "Too much is being asked at the moment"
    meaning = "The server has more to do than it can and did not begin with this request. Come again after Retry-After."
    retry_after_s = 1


class Pressure:
    """Middleware; one for each process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or refuse: 429 for who is over the limit anyway, 503 when there is no place."""
        if request.path in PROBES:
            return self.get_response(request)
        if refusal_remembered(request.headers.get("Authorization", "")):
            return _refusal(TooMany(), request)
        if not _places.take():
            return _refusal(Overloaded(), request)
        try:
            return self.get_response(request)
        finally:
            _places.leave()


def _refusal(error: DomainError, request: HttpRequest) -> HttpResponse:
    response = answer(error, request)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark: a flood is one line each, ours
    return response


class Places:
    """Who works and who waits in this process."""

    def __init__(self, at_once: int, waiting: int, patience_s: float) -> None:
        self._free = threading.Semaphore(at_once)
        self._present = threading.BoundedSemaphore(at_once + waiting)
        self._patience_s = patience_s

    def take(self) -> bool:
        """Whether there is a place, now or within the patience; who is told so has to `leave`."""
        if not self._present.acquire(blocking=False):
            return False
        if self._free.acquire(timeout=self._patience_s):
            return True
        self._present.release()
        return False

    def leave(self) -> None:
        """Give the place to the next."""
        self._free.release()
        self._present.release()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Leave the place while nothing is done but waiting, and come back to it before anybody new."""
        self.leave()
        try:
            yield
        finally:
            self._present.acquire()
            self._free.acquire()


def resting() -> AbstractContextManager[None]:
    """For a view that only waits: its place is another's meanwhile."""
    return _places.resting()


_places = Places(settings.REQUESTS_AT_ONCE, settings.REQUESTS_AT_ONCE, PATIENCE_S)
