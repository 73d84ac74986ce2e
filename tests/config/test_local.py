"""The whole platform as processes: it comes up, mends itself, and goes without a trace."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from config.embedded import free_port
from config.processes import answers

ROOT = Path(__file__).resolve().parents[2]
SERVE = """
import sys
from pathlib import Path
from config import launch
launch.VAR = Path(sys.argv[1])
sys.exit(launch.main(["serve", "--port", sys.argv[2]]))
"""


class Served:
    """`./run serve` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder / "var", folder / "home"
        self.home.mkdir(exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.supervisor = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.folder), str(self.port)],
            cwd=ROOT,
            env={**os.environ, "HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_ready(self) -> None:
        for _ in range(600):
            if answers(f"{self.url}/readyz"):
                return
            assert self.supervisor.poll() is None, self.supervisor.communicate()[0]
            time.sleep(0.1)
        pytest.fail("never ready")

    def pids(self) -> dict[int, str]:
        """Every process that works in or for the folder, the supervisor left out."""
        found = {}
        for process in psutil.process_iter(["cmdline", "environ", "cwd"]):
            words = " ".join(process.info["cmdline"] or [])
            about = f"{words} {process.info['environ']} {process.info['cwd']}"
            if str(self.folder) in about and process.pid not in {self.supervisor.pid, os.getpid()}:
                found[process.pid] = words
        return found

    def wait_gone(self) -> None:
        for _ in range(300):
            if not self.pids():
                return
            time.sleep(0.1)
        pytest.fail(f"still there: {self.pids()}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for the module: the second start finds what the first has left."""
    return tmp_path_factory.mktemp("local")


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    started = Served(folder)
    yield started
    started.supervisor.kill()
    started.supervisor.wait()
    for pid in started.pids():  # what a failing test has left
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert started.supervisor.stdout is not None
    started.supervisor.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_however_it_ends_nothing_stays_and_it_starts_again(served: Served, number: signal.Signals) -> None:
    served.wait_ready()
    running = " ".join(served.pids().values())
    for part in ("postgres", "valkey", "relay", "sequence", "sweep", "celery", "config.web", "uvicorn"):
        assert part in running
    served.supervisor.send_signal(number)
    served.supervisor.wait(60)
    served.wait_gone()
    assert list(served.home.iterdir()) == [], "something was written outside the project's own folder"


def assert_metrics_add_up(served: Served) -> None:
    """Requests go to either of two workers, and so does every scrape: no number falls, none is forgotten."""
    told = []
    for _ in range(20):
        assert answers(f"{served.url}/healthz")
        with urllib.request.urlopen(f"{served.url}/metrics", timeout=10) as page:
            lines = page.read().decode().splitlines()
        counter = 'consonant_requests_total{method="GET",route="healthz",status="200"} '
        told.append(sum(float(line.removeprefix(counter)) for line in lines if line.startswith(counter)))
    assert [after - before for before, after in pairwise(told)] == [1.0] * 19, told


def started_again(served: Served, words: str, killed: list[int]) -> None:
    """What was killed is gone with all that it had started, and others are in its place."""
    for _ in range(300):
        now = [pid for pid, command in served.pids().items() if words in command]
        if now and not set(now) & set(killed):
            return
        time.sleep(0.1)
    pytest.fail(f"{words} stayed dead, or outlived its parent: {killed}, now {now}")


def test_a_killed_process_is_started_again(served: Served) -> None:
    served.wait_ready()
    assert_metrics_add_up(served)
    for words in ("manage.py relay", "config.web"):
        before = [pid for pid, command in served.pids().items() if words in command]
        os.kill(min(before), signal.SIGKILL)
        started_again(served, words, before)
    served.wait_ready()
    served.supervisor.send_signal(signal.SIGTERM)
    served.supervisor.wait(60)
    served.wait_gone()
