"""A listener, and a worker that speaks as soon as it is told."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from rest_framework.test import APIClient

from isolation.scope import tenant_scope
from synthesis.streams import services
from synthesis.streams.jobs import stream_render
from tests.synthesis.conftest import World, make_world

LONG = " ".join(["The quick brown fox jumps over the lazy dog and sits down under a tree."] * 6)
SHORT = "The quick brown fox jumps over the lazy dog."


@dataclass
class Workers:
    """Threads that speak, one for each wake-up; `failed` keeps what they raised."""

    going: list[threading.Thread] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)

    def wake(self, tenant_id: UUID, synthesis_id: UUID) -> None:
        thread = threading.Thread(target=self._work, args=(tenant_id, synthesis_id))
        self.going.append(thread)
        thread.start()

    def join(self, within_s: float = 20.0) -> None:
        for thread in self.going:
            thread.join(within_s)
            assert not thread.is_alive(), "a worker still speaks"

    def _work(self, tenant_id: UUID, synthesis_id: UUID) -> None:
        try:
            stream_render(tenant_id=tenant_id, job_id=synthesis_id)
        except BaseException as error:  # noqa: BLE001  # told to the test
            self.failed.append(error)
        finally:
            connection.close()


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    found = Workers()
    monkeypatch.setattr(services, "_wake", found.wake)
    yield found
    found.join()


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> APIClient:
    return world.org.client()


@pytest.fixture
def ask(world: World, client: APIClient, workers: Workers) -> Callable[..., Any]:
    """``ask(text, **members)``: the answer of POST /v1/streams."""

    def asked(text: str = SHORT, *, accept: str = "*/*", **members: Any) -> Any:
        return client.post(
            "/v1/streams", world.body(text=text, **members), format="json", headers={"Accept": accept}
        )

    return asked


@dataclass
class Event:
    """One server-sent event."""

    name: str
    data: dict[str, Any]

    @property
    def sound(self) -> bytes:
        return base64.b64decode(self.data["data"])


def events(answer: Any) -> Iterator[Event]:
    """The events of an answer, as they come."""
    for part in answer.streaming_content:
        name, data = part.decode().strip().split("\n")
        yield Event(name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))


def last_row(world: World) -> Any:
    """The newest synthesis of the tenant."""
    from synthesis.models import Synthesis

    with tenant_scope(world.org.id):
        return Synthesis.objects.select_related("consent").order_by("-created_at").first()
