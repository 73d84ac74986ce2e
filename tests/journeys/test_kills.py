"""Processes and servers are killed (kill -9) at random while jobs run; one of two consents is withdrawn midway.

The platform runs as processes; a driver submits over HTTP and repeats what it got no answer to, under
the same idempotency key. Afterwards everything is derived from the database and the object store alone.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Iterator

import pytest

from config.demo.client import Answered, Client
from config.local import LocalPlatform
from tests.journeys.staging import staged
from tests.load.openloop import quantile
from tests.load.processes import below
from tests.populate import USE

KILLS_EVERY_S = (1.0, 4.0)
# What is struck, and how often it is chosen.
TARGETS = {
    "worker": 4, "worker child": 4, "relay": 3, "web": 3, "web child": 2, "sequencer": 1,
    "valkey": 1, "valkey wiped": 1, "postgres": 1, "postgres restart": 1,
}  # fmt: skip
FINAL = {"done", "failed", "cancelled"}


class Killer(threading.Thread):
    """Kills something of the platform every few seconds, `most` times, and starts again what died.

    Processes die by `kill -9`; Valkey too, and once in a while it comes back with nothing in it; PostgreSQL dies
    or is restarted in good order. What was running when a worker died is noted, with the database's clock.
    """

    def __init__(self, platform: LocalPlatform, seed: int, most: int) -> None:
        super().__init__(daemon=True)
        self.platform, self.random, self.most = platform, random.Random(seed), most
        self.stopped, self.idle = threading.Event(), threading.Event()
        self.kills: Counter[str] = Counter()
        self.struck: list[tuple[float, set[str]]] = []  # seconds since the epoch, and who was running then
        self.failed: Exception | None = None

    def run(self) -> None:
        due = time.monotonic() + 1
        try:
            while not self.stopped.wait(0.1):
                for child in self.platform.children.values():
                    if not child.running:
                        child.start()
                if time.monotonic() >= due and self.kills.total() < self.most:
                    self._strike()
                    due = time.monotonic() + self.random.uniform(*KILLS_EVERY_S)
        except Exception as error:  # noqa: BLE001  # told by `done`; a killer that died would be waited for
            self.failed = error
        self.idle.set()
        # The kernel ends a child when the thread that started it ends: what came back by our hand lives as long as we.
        threading.Event().wait()

    def rest(self) -> None:
        """Strike no more and start nothing again; returns when that is so."""
        self.stopped.set()
        self.idle.wait()

    @property
    def done(self) -> bool:
        """Whether everything was struck that was to be."""
        if self.failed is not None:
            raise self.failed
        return self.kills.total() >= self.most

    def _strike(self) -> None:
        name = self.random.choices(list(TARGETS), weights=list(TARGETS.values()))[0]
        servers = self.platform.servers
        match name:
            case "postgres restart":
                servers.stop_postgres()
                servers.start_postgres()
            case "valkey" | "valkey wiped":
                _kill(servers.children[1].process.pid)
                servers.stop_valkey()
                if name == "valkey wiped":
                    shutil.rmtree(self.platform.profile.folder / "redis")
                servers.start_valkey()
            case "postgres":
                _kill(servers.children[0].process.pid)
                servers.stop_postgres()
                servers.start_postgres()
            case _:
                if not self._kill_process(name):
                    return
        self.kills[name] += 1

    def _kill_process(self, name: str) -> bool:
        process = self.platform.children[name.split()[0]].process
        if process is None:
            return False
        pid = process.pid
        if name.endswith(" child"):
            pid = self.random.choice(below(pid) or [pid])
        if name.startswith("worker"):
            self._note_running()
        return _kill(pid)

    def _note_running(self) -> None:
        with self.platform.servers.superuser() as connection:
            rows = connection.execute(
                "SELECT extract(epoch FROM clock_timestamp()), id::text "
                "FROM synthesis_synthesis WHERE state = 'running'"
            ).fetchall()
        if rows:
            self.struck.append((float(rows[0][0]), {row[1] for row in rows}))


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def platform() -> Iterator[tuple[LocalPlatform, dict]]:
    """The platform as processes in a profile of its own, with two voices in it."""
    with staged("kills", voices=2) as running:
        yield running


def submitted(client: Client, body: dict, key: str) -> dict | None:
    """The accepted job; None when the consent had ended. Repeats until there is an answer."""
    while True:
        try:
            return client.post("/v1/syntheses", body, key=key)
        except Answered as answer:
            if answer.status == 403:
                return None
            if answer.status not in {409, 429, 500, 502, 503}:
                raise
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.2)


@pytest.mark.soak
@pytest.mark.enable_socket
def test_nothing_is_lost_doubled_unmarked_or_released_without_consent(platform, scale):
    running, stage = platform
    jobs, seed = scale(100), random.SystemRandom().randrange(1 << 32)
    killer = Killer(running, seed, most=max(30, jobs * 6 // 100))
    killer.start()
    try:
        accepted = _accepted(running, stage, jobs, seed)
        print(f"seed {seed}: {len(accepted)} accepted, {killer.kills.total()} kills so far", flush=True)
        while not killer.done:
            time.sleep(0.2)
        _drained(running, len(accepted), 900 + jobs / 3)
    finally:  # or it would start again what the fixture stops
        killer.rest()
    found, kills = _verdict(running, stage, accepted), killer.kills
    print(f"seed {seed}: {jobs} submissions, {len(accepted)} accepted, {kills.total()} kills {dict(kills)}")
    assert not found, found
    print(f"0 lost, doubled, unmarked, unlogged, released without consent (3/N {3 / len(accepted):.3f})")
    print(_recovery(running, killer.struck))


def _accepted(running: LocalPlatform, stage: dict, jobs: int, seed: int) -> set[str]:
    """Submit so many jobs for two voices in turn; the second one's consent is withdrawn midway."""
    client, accepted = Client(running.url, stage["key"]), set()
    for number in range(jobs):
        if number == jobs // 2:
            _withdrawn(running, stage["voices"][1])
        body = {"voice_version": stage["voices"][number % 2]["version"], "text": f"Number {number}.", "use": USE}
        job = submitted(client, body, f"job-{seed}-{number}")
        if job is not None:
            accepted.add(job["id"])
    return accepted


def _recovery(running: LocalPlatform, struck: list[tuple[float, set[str]]]) -> str:
    """How long after its worker was killed a job came to its end; of jobs that had to be taken up again."""
    query = "SELECT id::text, extract(epoch FROM finished_at) FROM synthesis_synthesis WHERE fence > 1"
    with running.servers.superuser() as connection:
        ended = {pk: float(at) for pk, at in connection.execute(query).fetchall()}
    waits = sorted(ended[pk] - at for at, running_then in struck for pk in running_then if ended.get(pk, 0) > at)
    if not waits:
        return "no job was running when its worker was killed"
    return f"{len(waits)} recoveries, median {quantile(waits, 0.5):.0f} s, p99 {quantile(waits, 0.99):.0f} s"


def _withdrawn(running: LocalPlatform, voice: dict) -> None:
    stranger = Client(running.url)
    while True:
        try:
            stranger.post(f"/v1/speaker-links/{voice['link']}/consents/{voice['consent']}/withdraw")
            return
        except (Answered, urllib.error.URLError, OSError):
            time.sleep(0.2)


def _drained(running: LocalPlatform, count: int, limit_s: float) -> None:
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

        jobs = rows(
            "SELECT id::text, state, problem_code, attempts, consent_id::text, released_at, object_key "
            "FROM synthesis_synthesis"
        )
        ended = dict(rows("SELECT id::text, ended_at FROM consent_consent"))
        logged = rows("SELECT event, object_id::text, count(*) FROM audit_auditdetail GROUP BY 1, 2")
        marks = dict(rows("SELECT synthesis_id::text, read_back_p FROM watermark_mark"))
        left = rows("SELECT count(*) FROM work_outbox")[0][0]
    counted = {(event, pk): n for event, pk, n in logged}
    if {job[0] for job in jobs} != accepted:
        wrong.append(f"lost or doubled: {len(jobs)} rows for {len(accepted)} accepted jobs")
    for pk, state, code, attempts, consent, released_at, object_key in jobs:
        done = state == "done"
        if state == "failed":
            wrong.append(f"{pk} failed after {attempts} attempts: {code}")
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
