"""A platform as processes, with consented voices in it: what the fault journeys and the load bench start from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from config.embedded import Profile, free_port
from config.local import ROOT, LocalPlatform

UNLIMITED = {"CONSONANT_TENANT_RATE": "1000000/min"}


@contextmanager
def staged(name: str, *, voices: int) -> Iterator[tuple[LocalPlatform, dict[str, Any]]]:
    """Start everything in a profile of its own, with one organisation that has so many voices; stop it at the end."""
    profile = Profile(ROOT / "var" / "test" / f"{name}-{os.getpid()}")
    with profile.held():
        settings = {"CONSONANT_ENGINE": "humming"} | UNLIMITED
        platform = LocalPlatform(profile, port=free_port(), settings=settings, fast=True)
        try:
            platform.start_servers()
            told = tell(platform, voices=voices)[0]
            platform.start_processes()
            yield platform, told
        finally:
            platform.stop()


def tell(platform: LocalPlatform, *, organisations: int = 1, voices: int = 1) -> list[dict[str, Any]]:
    """Make organisations, the first with so many voices, on a platform whose servers run; what `stage.py` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.journeys.stage", str(organisations), str(voices)],
        cwd=ROOT, env=platform.environment | UNLIMITED, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    found: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found
