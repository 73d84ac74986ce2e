"""Liveness, readiness that really looks, and metrics."""

from __future__ import annotations

import os
from collections.abc import Callable
from uuid import uuid4

from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError

from storage.objects import object_store


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
    """For the database, Redis and the object store: "ok", or the name of the error that asking it met."""
    checks: dict[str, Callable[[], None]] = {"database": _database, "redis": _redis, "objects": _objects}
    return {name: _outcome(check) for name, check in checks.items()}


@require_safe
@transaction.non_atomic_requests
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text format; of all processes of this server, whichever of them answers."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # the library's own switch, see config.gunicorn
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # theirs
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _outcome(check: Callable[[], None]) -> str:
    try:
        check()
    except Exception as error:  # noqa: BLE001  # whatever a store raises means: not ready
        return type(error).__name__
    return "ok"


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
