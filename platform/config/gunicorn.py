"""How gunicorn runs the web process; read by gunicorn itself (``--config python:config.gunicorn``).

Its workers count requests in files of one fresh folder, so that `/metrics` tells of all of them: without it
every scrape would meet another worker's numbers, and counters would seem to fall.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from typing import Any

# Before anything imports prometheus_client, which reads it once.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="consonant-metrics-")

preload_app = True
workers, threads = 2, 16  # more threads than `api.pressure` has places: the others refuse, or hold who only waits
control_socket_disable = True  # it would lie in the user's home, and nobody here asks for it


def pre_fork(server: Any, worker: Any) -> None:
    """What was loaded for good is left out of every later search for garbage, and its pages stay shared."""
    gc.collect()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:
    """A request makes thousands of objects that go by themselves; Python's own pace would search through all the young
    ones several times in each.
    """
    gc.set_threshold(20_000, 20, 20)
    # Who comes back from the database waits so long for whoever is busy, at every one of a request's statements.
    sys.setswitchinterval(0.001)
