"""How gunicorn runs the web process; read by gunicorn itself (``--config python:config.gunicorn``).

Its workers count requests in files of one fresh folder, so that `/metrics` tells of all of them: without it
every scrape would meet another worker's numbers, and counters would seem to fall.
"""

from __future__ import annotations

import os
import tempfile

# Before anything imports prometheus_client, which reads it once.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="consonant-metrics-")

preload_app = True
workers, threads = 2, 16  # more threads than `api.pressure` has places: the others refuse, or hold who only waits
control_socket_disable = True  # it would lie in the user's home, and nobody here asks for it
