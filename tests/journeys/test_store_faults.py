"""Stores that are away, slow, full or lie: what is refused, what goes on, and what nobody ever sees half of."""

from __future__ import annotations

import os
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest

from audit.models import AuditDetail
from config.celery import app
from config.embedded import Servers
from isolation.scope import tenant_scope
from storage.directory import DirectoryStore
from storage.errors import StoreUnavailable
from storage.objects import object_store
from synthesis.jobs import sweep_orphans
from synthesis.models import SOUND_KIND, Synthesis
from tests.factories import make_organisation
from tests.populate import USE, Story, good, voiced
from work.leases import CLOCK
from work.models import Outbox

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


@pytest.mark.parametrize(("at", "store"), [(0, "database"), (1, "redis")])
@pytest.mark.django_db(transaction=True)
@pytest.mark.enable_socket
def test_a_server_that_takes_connections_and_says_nothing_is_not_ready_within_five_seconds(servers, at, store):
    """As one whose disk hangs: stopped where it stands, with everything below it."""
    client = make_organisation().client()
    assert client.get("/readyz").status_code == 200
    group = servers.children[at].process.pid
    began = time.monotonic()
    os.killpg(group, signal.SIGSTOP)
    try:
        answers = [client.get("/readyz") for _ in range(2)]
        took_s = time.monotonic() - began
        assert client.get("/healthz").status_code == 200
    finally:
        os.killpg(group, signal.SIGCONT)
    assert [(one.status_code, one.json()[store]) for one in answers] == [(503, "TimeoutError")] * 2
    print(f"{store} hangs: not ready after {took_s / 2:.1f} s")
    assert took_s / 2 < 5
    deadline = time.monotonic() + 10
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < deadline, "it does not come back"


class Faults:
    """Spoils calls of the object store: refuses, stores and denies, is slow, or is full in the middle of a write.

    Full is the kernel's own refusal: a file of this process may not grow beyond the half of what is written.
    """

    KINDS = ("away", "stored", "slow", "full")

    def __init__(self, seed: int, share: float) -> None:
        self.dice, self.share = random.Random(seed), share
        self.done: Counter[str] = Counter()

    def spoil(self, name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
        """The method `name` of a store, with faults."""

        def spoilt(store: DirectoryStore, key: str, *args: Any, **kwargs: Any) -> Any:
            kind = self.dice.choice(self.KINDS) if self.dice.random() < self.share else ""
            self.done[kind] += 1
            if kind == "away":
                raise StoreUnavailable
            if kind == "slow":
                time.sleep(0.01)
            with half_full(len(args[0])) if kind == "full" and name == "put" else nullcontext():
                answer = whole(store, key, *args, **kwargs)
            if kind == "stored" and name != "get":
                raise StoreUnavailable
            return answer

        return spoilt


@contextmanager
def half_full(size: int) -> Iterator[None]:
    """No file may grow beyond half of `size`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def faulty(monkeypatch) -> Faults:
    """The directory store with faults, once `share` is more than nothing."""
    faults = Faults(random.SystemRandom().randrange(1 << 32), 0.0)
    for name in ("put", "get", "delete"):
        monkeypatch.setattr(DirectoryStore, name, faults.spoil(name, getattr(DirectoryStore, name)))
    return faults


def work_until_done(story: Story, most: int = 400) -> None:
    """What relay and workers do, with the time between two attempts taken away."""
    app.loader.import_default_modules()
    for _ in range(most):
        entry = Outbox.objects.order_by("due_at").first()
        if entry is None:
            return
        app.tasks[entry.task](str(entry.tenant_id), str(entry.object_id))
        with tenant_scope(story.organisation.id):
            Synthesis.objects.filter(pk=entry.object_id, state="running").update(lease_until=CLOCK)
    raise AssertionError("work is stuck")


def left_over(story: Story) -> tuple[set[str], set[str]]:
    """The names that rows give to sounds, and the names that lie in the store."""
    with tenant_scope(story.organisation.id):
        named = set(Synthesis.objects.exclude(object_key="").values_list("object_key", flat=True))
    return named, {info.key for info in object_store().find(f"{story.organisation.id}/{SOUND_KIND}/")}


@pytest.mark.soak
@pytest.mark.enable_socket
@pytest.mark.django_db(transaction=True)
def test_a_store_that_fails_anywhere_leaves_nothing_half_done(faulty, scale, monkeypatch):
    story = voiced(make_organisation())
    client, orders = story.organisation.client(), scale(6)
    body = {"voice_version": story.version["id"], "text": "Yes.", "use": USE}
    ids = [good(client.post("/v1/syntheses", body, format="json"))["id"] for _ in range(orders)]
    faulty.share = 0.4
    work_until_done(story, most=60 * orders)
    seen = [client.get(f"/v1/syntheses/{one}/audio") for one in ids]
    faulty.share = 0.0
    for one, early in zip(ids, seen, strict=True):
        row, sound = good(client.get(f"/v1/syntheses/{one}")), client.get(f"/v1/syntheses/{one}/audio")
        assert (row["state"], sound.status_code, len(sound.content)) == ("done", 200, row["media_bytes"]), row
        assert early.status_code == 503 or early.content == sound.content
    monkeypatch.setattr("synthesis.jobs.ORPHAN_AFTER", timedelta(0))
    with tenant_scope(story.organisation.id):
        swept = sweep_orphans(tenant_id=story.organisation.id)
    named, lying = left_over(story)
    assert named == lying
    with tenant_scope(story.organisation.id):
        released = AuditDetail.objects.filter(event="synthesis.released").count()
    assert released == orders
    print(f"{orders} orders, faults {dict(faulty.done)}: 0 half done, stuck or logged twice (3/N {3 / orders:.3f})")
    print(f"{swept} orphans swept, 0 left")
