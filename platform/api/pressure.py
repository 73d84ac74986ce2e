"""What a process that has too much to do does not begin: it says when to come again, at once and cheaply.

A server that takes everything makes everybody wait for longer than anybody is willing to. Here
settings.REQUESTS_AT_ONCE of one process are worked on, as many again wait for a moment, and the rest are refused
within a millisecond. No caller has more than half of the places, and one whose limit was found full a moment ago is
refused before anything is looked up, so that its neighbours do not pay for it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from api.limits import refusal_remembered
from problems.errors import DomainError, TooMany, Unavailable
from problems.handler import answer

if TYPE_CHECKING:
    from rest_framework.request import Request

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
        caller = _caller(request)
        try:
            _places.take(caller)
        except (TooMany, Overloaded) as error:
            return _refusal(error, request)
        try:
            return self.get_response(request)
        finally:
            _places.leave(caller)


def _caller(request: HttpRequest | Request) -> str:
    """Who asks, as far as can be told without looking anything up: a key, a session or an address."""
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    return request.headers.get("Authorization") or session or str(request.META.get("REMOTE_ADDR", ""))


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
        self._most_each = max(1, (at_once + waiting) // 2)
        self._held, self._lock = Counter[str](), threading.Lock()

    def take(self, caller: str) -> None:
        """A place, now or within the patience; who gets one has to `leave`.

        Raises:
            TooMany: the caller has half of the places.
            Overloaded: there is none.
        """
        with self._lock:
            if self._held[caller] >= self._most_each:
                raise TooMany
            self._held[caller] += 1
        if self._present.acquire(blocking=False):
            if self._free.acquire(timeout=self._patience_s):
                return
            self._present.release()
        self._let_go(caller)
        raise Overloaded

    def leave(self, caller: str) -> None:
        """Give the place to the next."""
        self._free.release()
        self._present.release()
        self._let_go(caller)

    def _let_go(self, caller: str) -> None:
        with self._lock:
            self._held[caller] -= 1
            if not self._held[caller]:
                del self._held[caller]

    @contextmanager
    def resting(self, caller: str) -> Iterator[None]:
        """Leave the place while nothing is done but waiting, and come back to it before anybody new."""
        self.leave(caller)
        try:
            yield
        finally:
            with self._lock:
                self._held[caller] += 1
            self._present.acquire()
            self._free.acquire()


def resting(request: Request) -> AbstractContextManager[None]:
    """For a view that only waits: its place is another's meanwhile."""
    return _places.resting(_caller(request))


_places = Places(settings.REQUESTS_AT_ONCE, settings.REQUESTS_AT_ONCE, PATIENCE_S)
