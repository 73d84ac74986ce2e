"""Liveness, readiness that really looks, and metrics."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import ClassVar
from uuid import uuid4

from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError

from storage.objects import object_store

LIMIT_S = 3.0  # for all of them together


@require_safe
@transaction.non_atomic_requests
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing behind it is asked."""
    return JsonResponse({"status": "alive"})


@require_safe
@transaction.non_atomic_requests
def ready(request: HttpRequest) -> HttpResponse:
    """Ask the database, Redis and the object store; 503 names what does not answer."""
    found = outcomes()
    good = all(outcome == "ok" for outcome in found.values())
    return JsonResponse({"ready": good, **found}, status=200 if good else 503)


def outcomes() -> dict[str, str]:
    """For the database, Redis and the object store: "ok", or the name of the error that asking it met.

    All are asked at once and waited for together: a store that takes a connection and then says nothing is not there
    either, and whoever routes requests has to learn it soon.
    """
    checks: dict[str, Callable[[], None]] = {"database": _database, "redis": _redis, "objects": _objects}
    asked = {name: _Asked.now(name, check) for name, check in checks.items()}
    until = time.monotonic() + LIMIT_S
    return {name: one.outcome(until - time.monotonic()) for name, one in asked.items()}


class _Asked(threading.Thread):
    """One question to one store, in a thread of its own; while one is open no other is asked of the same store."""

    _open: ClassVar[dict[str, _Asked]] = {}
    _opening = threading.Lock()

    def __init__(self, name: str, check: Callable[[], None]) -> None:
        super().__init__(name=f"ready-{name}", daemon=True)
        self._check, self._found = check, TimeoutError.__name__

    @classmethod
    def now(cls, name: str, check: Callable[[], None]) -> _Asked:
        """The question that is open, or a new one."""
        with cls._opening:
            one = cls._open.get(name)
            if one is None or not one.is_alive():
                one = cls._open[name] = cls(name, check)
                one.start()
        return one

    def run(self) -> None:
        try:
            self._check()
            self._found = "ok"
        except Exception as error:  # noqa: BLE001  # whatever a store raises means: not ready
            self._found = type(error).__name__
        finally:
            connection.close()  # this thread's own

    def outcome(self, seconds: float) -> str:
        """What came of it, within so many seconds."""
        self.join(max(0.0, seconds))
        return self._found


@require_safe
@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text format; of all processes of this server, whichever of them answers."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # the library's own switch, see config.web
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # theirs
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _redis() -> None:
    mark = uuid4().hex
    cache.set("ready", mark, timeout=5)
    if cache.get("ready") is None:
        raise RedisError("a value just written is not there")


def _objects() -> None:
    object_store().ready()
