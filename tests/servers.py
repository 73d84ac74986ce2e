"""The servers of a test run, named in the environment before Django's settings are read.

pytest loads this first (`-p tests.servers` in pyproject.toml). Nothing is started here: the fixtures of
conftest.py start PostgreSQL and Valkey when the first test needs them, so that tests of pure modules start
in no time. Each run, and each worker of a parallel run, has a profile of its own and throws it away.
"""

from __future__ import annotations

import atexit
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import AlreadyRunning, Profile, Servers
from config.local import platform_environment

ROOT = Path(__file__).resolve().parents[1]
RUNS = ROOT / "var" / "test"


def _sweep() -> None:
    """Remove what runs that were killed have left; a run that lives holds its profile's lock."""
    for folder in RUNS.glob("run-*"):
        try:
            with Profile(folder).held():
                shutil.rmtree(folder, ignore_errors=True)
        except AlreadyRunning:
            continue


_sweep()
SERVERS = Servers(Profile(RUNS / f"run-{os.getpid()}"), fast=True)
_held = SERVERS.profile.held()
_held.__enter__()  # until this process ends
for _name in [name for name in os.environ if name.startswith("CONSONANT_") and "_TEST_" not in name]:
    del os.environ[_name]
os.environ.update(platform_environment(SERVERS, mode="test", public_url="http://testserver"))
os.environ.update(SERVERS.owner_environment())
os.environ["CONSONANT_ENGINE"] = "humming"
os.environ["CONSONANT_TENANT_RATE"] = "1000000/min"  # the limiter has tests of its own
os.environ["CONSONANT_REQUESTS_AT_ONCE"] = "64"  # and so has the pressure; a busy machine must not refuse a test
os.environ["CONSONANT_ALLOWED_HOSTS"] = "testserver,127.0.0.1,localhost"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey, running and empty."""
    SERVERS.start()
    yield SERVERS
    SERVERS.stop()


@atexit.register
def _throw_away() -> None:
    SERVERS.stop()
    shutil.rmtree(SERVERS.profile.folder, ignore_errors=True)
