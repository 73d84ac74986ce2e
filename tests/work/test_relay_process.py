"""The relay as a process: it waits for a broker or a database that is away, and goes on when they are back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from config.embedded import Profile, free_port
from config.local import LocalPlatform
from config.processes import Child


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[LocalPlatform]:
    """Servers and tables of its own, because this test takes them down."""
    platform = LocalPlatform(Profile(tmp_path), port=free_port(), fast=True)
    try:
        platform.start_servers()
        yield platform
    finally:
        platform.stop()


@pytest.fixture
def relay(platform: LocalPlatform) -> Child:
    """The relay alone, running; nobody takes what it sends."""
    child = platform.children["relay"]
    child.start()
    return child


def eventually(happened: Callable[[], bool]) -> bool:
    """Whether it comes true within half a minute."""
    for _ in range(300):
        if happened():
            return True
        time.sleep(0.1)
    return False


def ask(platform: LocalPlatform) -> None:
    """Leave a wake-up, as a service does."""
    with platform.servers.superuser() as connection:
        connection.execute(
            "INSERT INTO work_outbox (id, task, tenant_id, object_id, due_at, sent)"
            " VALUES (%s, 'test.task', %s, %s, clock_timestamp(), 0)",
            [uuid4(), uuid4(), uuid4()],
        )


def sent(platform: LocalPlatform) -> int:
    """How many messages wait in the queue, whatever their priority: kombu keeps a list for each."""
    with redis.Redis.from_url(platform.servers.redis_url) as client:
        return sum(int(client.llen(name)) for name in client.scan_iter("celery*", _type="list"))


def test_the_relay_outlives_broker_and_database(platform: LocalPlatform, relay: Child) -> None:
    ask(platform)
    assert eventually(lambda: sent(platform) >= 1), relay.tail()

    platform.servers.stop_valkey()
    ask(platform)
    time.sleep(1.5)  # it meets the missing broker at least once
    assert relay.running, relay.tail()
    platform.servers.start_valkey()
    before = sent(platform)
    assert eventually(lambda: sent(platform) > before), relay.tail()

    platform.servers.stop_postgres()
    time.sleep(1.5)
    assert relay.running, relay.tail()
    platform.servers.start_postgres()
    before = sent(platform)
    ask(platform)
    assert eventually(lambda: sent(platform) > before), relay.tail()
    assert relay.running
