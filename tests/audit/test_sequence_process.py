"""The sequencer as a process: killed without warning while acts are recorded, restarted, and nothing is amiss."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from audit.models import AuditEntry, AuditHead
from audit.services import record
from audit.whole import log_check
from isolation.scope import tenant_scope

ROOT = Path(__file__).resolve().parents[2]
TENANT = uuid4()


@contextmanager
def sequencer(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"CONSONANT_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "manage.py", "sequence"]
    with (folder.parent / "sequence.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(20)


def act() -> None:
    with tenant_scope(TENANT):
        record(event="consent.approved", tenant_id=TENANT, actor="member:1")


def wait_for(size: int, limit_s: float = 30) -> float:
    """Seconds until the signed head holds `size` entries."""
    start = time.monotonic()
    while (AuditHead.objects.first() or AuditHead()).size < size:
        assert time.monotonic() - start < limit_s, "the sequencer does not come forward"
        time.sleep(0.02)
    return time.monotonic() - start


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_killed_it_goes_on_and_the_log_is_whole(stores: Path, scale: Callable[[int], int]) -> None:
    """0 of N kills left anything amiss (3/N); the soak makes N hundreds."""
    stores.mkdir(parents=True, exist_ok=True)
    chance, kills = random.Random(20261121), scale(1)
    for _ in range(kills):
        with sequencer(stores) as process:
            act()
            wait_for(AuditEntry.objects.count())
            for _ in range(20):
                act()
            time.sleep(chance.random())
            process.kill()
            process.wait()
    with sequencer(stores) as process:
        wait_for(AuditEntry.objects.count())
        delays = []
        for _ in range(5):
            act()
            delays.append(wait_for(AuditEntry.objects.count()))
        assert process.poll() is None
    assert process.returncode == 0
    assert log_check().size == AuditEntry.objects.count() == 21 * kills + 5
    assert sorted(delays)[2] < 6  # two seconds is the bar of a free machine; this one may be busy
