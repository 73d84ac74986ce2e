"""Stores that are away, slow, full or lie: what is refused, what goes on, and what nobody ever sees half of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config.embedded import Servers
from tests.factories import make_organisation

PERSON = {"name": "Ada", "contact": "ada@speaker.example"}


@pytest.fixture
def without_redis(servers: Servers) -> Iterator[None]:
    """Valkey is stopped, and comes back on its port afterwards."""
    servers.stop_valkey()
    yield
    servers.start_valkey()


@pytest.mark.django_db
@pytest.mark.enable_socket
def test_without_redis_reading_goes_on_and_making_is_refused(without_redis):
    client = make_organisation().client()
    assert client.get("/v1/speakers").status_code == 200
    answer = client.post("/v1/speakers", PERSON, format="json")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert client.get("/v1/speakers").json()["results"] == []
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
