"""Children never outlive the one that started them, and say why they failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from config import processes
from config.processes import Child, ProcessFailed, wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# A supervisor that starts one child, names it, and then only waits.
SUPERVISOR = """
import sys, time
from pathlib import Path
from config.processes import Child
child = Child("sleeper", [sys.executable, "-c", "import time; time.sleep(60)"], Path(sys.argv[1]), {})
child.start()
print(child.process.pid, flush=True)
time.sleep(60)
"""


def gone(pid: int) -> bool:
    """Whether no such process runs (a zombie that nobody has fetched runs no more)."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_gone(pid: int) -> bool:
    for _ in range(100):
        if gone(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path, number: signal.Signals) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path / "log")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # ignored where the tests run in the background
    )
    assert supervisor.stdout is not None
    with supervisor.stdout:
        pid = int(supervisor.stdout.readline())
        assert not gone(pid)
        supervisor.send_signal(number)
        supervisor.wait(10)
    assert wait_gone(pid)


def test_stopping_ends_forgotten_grandchildren_too(tmp_path: Path) -> None:
    forget = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    )
    child = Child("forgetful", [sys.executable, "-c", forget], tmp_path / "log", {})
    child.start()
    assert child.process is not None
    child.process.wait(20)
    pid = int((tmp_path / "log").read_text())
    assert not gone(pid)
    child.stop()
    assert wait_gone(pid)


def test_a_child_that_ignores_the_request_is_killed_after_its_grace(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    child = Child("deaf", [sys.executable, "-c", deaf], tmp_path / "log", {}, grace_s=0.2)
    child.start()
    wait_until(lambda: "deaf" in child.tail(), [child], 20, "the deaf child")
    child.stop()
    assert not child.running


def test_waiting_for_a_child_that_ended_shows_the_end_of_its_log(tmp_path: Path) -> None:
    child = Child("unlucky", [sys.executable, "-c", "raise SystemExit('no luck today')"], tmp_path / "log", {})
    child.start()
    with pytest.raises(ProcessFailed, match="no luck today"):
        wait_until(lambda: False, [child], 20, "luck")
    child.stop()


def test_waiting_ends_at_its_time(tmp_path: Path) -> None:
    child = Child("sleeper", SLEEPER, tmp_path / "log", {})
    child.start()
    with pytest.raises(ProcessFailed, match="the sleeper was not ready"):
        wait_until(lambda: False, [child], 0.1, "the sleeper")
    child.stop()
    assert child.exit_code is None
    assert not child.running


def test_a_child_sees_only_the_environment_it_is_given(tmp_path: Path) -> None:
    os.environ["CONSONANT_TEST_CANARY"] = "must not pass"
    show = "import os; print(sorted(name for name in os.environ if 'CANARY' in name or name == 'GIVEN'))"
    child = Child("curious", [sys.executable, "-c", show], tmp_path / "log", {"GIVEN": "yes"})
    child.start(stdin=b"read by nobody")
    assert child.process is not None
    child.process.wait(20)
    child.stop()
    del os.environ["CONSONANT_TEST_CANARY"]
    assert child.tail() == "['GIVEN']"


def test_an_unprivileged_child_is_not_root_and_has_a_name(tmp_path: Path) -> None:
    ask = "import os, pwd; print(os.geteuid(), pwd.getpwuid(os.geteuid()).pw_name)"
    child = Child("guest", [sys.executable, "-c", ask], tmp_path / "log", {}, unprivileged=True)
    child.start()
    assert child.process is not None
    child.process.wait(20)
    child.stop()
    uid, name = child.tail().split()
    assert uid != "0"
    assert name


def test_a_closed_kernel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(libc: object, stand_in: int, uid: int, gid: int) -> None:
        raise OSError(1, "unshare(CLONE_NEWUSER)")

    monkeypatch.setattr(processes, "_become", closed)
    monkeypatch.setattr(processes, "_stand_in", lambda: 65534)
    child = Child("guest", SLEEPER, tmp_path / "log", {}, unprivileged=True)
    with pytest.raises(ProcessFailed, match="ordinary user"):
        child.start()
