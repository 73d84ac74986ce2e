"""Worker, relay and API are killed (kill -9) at random while jobs run; one of two consents is withdrawn midway.

The platform runs as processes; a driver submits over HTTP and repeats what it got no answer to, under
the same idempotency key. Afterwards everything is derived from the database and the object store alone.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config.demo.client import Answered, Client
from config.embedded import Profile, free_port
from config.local import ROOT, LocalPlatform
from tests.populate import USE

KILLS_EVERY_S = (1.0, 4.0)
FINAL = {"done", "failed", "cancelled"}


class Killer(threading.Thread):
    """Kills a random process of the platform every few seconds, `most` times, and starts again what died."""

    def __init__(self, platform: LocalPlatform, seed: int, most: int) -> None:
        super().__init__(daemon=True)
        self.platform, self.random, self.most = platform, random.Random(seed), most
        self.stopped = threading.Event()
        self.kills: dict[str, int] = {}

    def run(self) -> None:
        due = time.monotonic() + 1
        while not self.stopped.wait(0.1):
            for child in self.platform.children.values():
                if not child.running:
                    child.start()
            if time.monotonic() >= due and self.count < self.most:
                self._kill()
                due = time.monotonic() + self.random.uniform(*KILLS_EVERY_S)

    @property
    def count(self) -> int:
        """How many were killed."""
        return sum(self.kills.values())

    def _kill(self) -> None:
        name = self.random.choice(["worker", "worker child", "relay", "web"])
        process = self.platform.children[name.split()[0]].process
        if process is None:
            return
        pid = process.pid
        if name == "worker child":
            children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout
            pid = int(self.random.choice(children.split())) if children.split() else pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.kills[name] = self.kills.get(name, 0) + 1


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[tuple[LocalPlatform, dict]]:
    """The platform as processes in a profile of its own, with two voices in it."""
    profile = Profile(ROOT / "var" / "test" / f"kills-{os.getpid()}")
    settings = {"CONSONANT_ENGINE": "humming", "CONSONANT_TENANT_RATE": "1000000/min"}
    with profile.held():
        platform = LocalPlatform(profile, port=free_port(), settings=settings, fast=True)
        try:
            platform.start_servers()
            done = subprocess.run(
                [sys.executable, "-m", "tests.journeys.stage"],
                cwd=ROOT, env=platform.environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr[-3000:]
            platform.start_processes()
            yield platform, json.loads(done.stdout.strip().splitlines()[-1])[0]
        finally:
            platform.stop()


def submitted(client: Client, body: dict, key: str) -> dict | None:
    """The accepted job; None when the consent had ended. Repeats until there is an answer."""
    while True:
        try:
            return client.post("/v1/syntheses", body, key=key)
        except Answered as answer:
            if answer.status == 403:
                return None
            if answer.status not in {409, 500, 502, 503}:
                raise
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)


@pytest.mark.soak
@pytest.mark.enable_socket
def test_nothing_is_lost_doubled_unmarked_or_released_without_consent(platform, scale):
    running, stage = platform
    jobs, seed = scale(100), random.SystemRandom().randrange(1 << 32)
    client = Client(running.url, stage["key"])
    killer = Killer(running, seed, most=jobs * 3 // 10)
    killer.start()
    accepted: dict[str, int] = {}
    for number in range(jobs):
        if number == jobs // 2:
            _withdrawn(running, stage["voices"][1])
        body = {"voice_version": stage["voices"][number % 2]["version"], "text": f"Number {number}.", "use": USE}
        job = submitted(client, body, f"job-{seed}-{number}")
        if job is not None:
            accepted[job["id"]] = number
    while killer.count < killer.most:
        time.sleep(0.2)
    _drained(running, len(accepted))
    killer.stopped.set()
    killer.join()
    found = _verdict(running, stage, set(accepted))
    assert not found, found
    print(f"seed {seed}: {jobs} submissions, {len(accepted)} accepted, {killer.count} kills {killer.kills}")
    print(f"0 lost, doubled, unmarked, unlogged, released without consent (3/N {3 / len(accepted):.3f})")


def _withdrawn(running: LocalPlatform, voice: dict) -> None:
    stranger = Client(running.url)
    while True:
        try:
            stranger.post(f"/v1/speaker-links/{voice['link']}/consents/{voice['consent']}/withdraw")
            return
        except (Answered, urllib.error.URLError, OSError):
            time.sleep(0.2)


def _drained(running: LocalPlatform, count: int, limit_s: float = 900) -> None:
    """Wait until every accepted job has ended."""
    deadline = time.monotonic() + limit_s
    with running.servers.superuser() as connection:
        while time.monotonic() < deadline:
            query = "SELECT count(*) FROM synthesis_synthesis WHERE state IN ('done', 'failed', 'cancelled')"
            if connection.execute(query).fetchone()[0] >= count:
                return
            time.sleep(0.5)
        states = connection.execute("SELECT state, count(*) FROM synthesis_synthesis GROUP BY 1").fetchall()
    raise AssertionError(f"jobs are stuck: {states}")


def _verdict(running: LocalPlatform, stage: dict, accepted: set[str]) -> list[str]:
    """Everything that is wrong, from the database and the store alone."""
    wrong: list[str] = []
    with running.servers.superuser() as connection:

        def rows(query: str) -> list[tuple]:
            return connection.execute(query).fetchall()

        jobs = rows("SELECT id::text, state, consent_id::text, released_at, object_key FROM synthesis_synthesis")
        ended = dict(rows("SELECT id::text, ended_at FROM consent_consent"))
        logged = rows("SELECT event, object_id::text, count(*) FROM audit_auditdetail GROUP BY 1, 2")
        marks = dict(rows("SELECT synthesis_id::text, read_back_p FROM watermark_mark"))
        left = rows("SELECT count(*) FROM work_outbox")[0][0]
    counted = {(event, pk): n for event, pk, n in logged}
    if {job[0] for job in jobs} != accepted:
        wrong.append(f"lost or doubled: {len(jobs)} rows for {len(accepted)} accepted jobs")
    for pk, state, consent, released_at, object_key in jobs:
        done = state == "done"
        if state == "failed":
            wrong.append(f"{pk} failed")
        if counted.get(("synthesis.requested", pk), 0) != 1 or counted.get(("synthesis.released", pk), 0) != done:
            wrong.append(f"{pk} is not logged as it ended ({state})")
        if done and not (marks.get(pk) or 1) <= 1e-6:
            wrong.append(f"{pk} was released unmarked")
        if done and ended[consent] is not None and released_at > ended[consent]:
            wrong.append(f"{pk} was released after its consent ended")
        if done and not (running.profile.folder / "data" / "objects" / object_key).exists():
            wrong.append(f"{pk} has no sound")
    if left:
        wrong.append(f"{left} wake-ups are left")
    return wrong
