"""The web process: ``python -m config.web --bind HOST:PORT``, the API and the pages on several processes and threads.

HTTP is parsed outside of Python, so that what has to be refused costs little more than its refusal. The processes count
requests in files of one fresh folder, so that `/metrics` tells of all of them: without it every scrape would meet
another's numbers, and counters would seem to fall.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any, cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

Environ = dict[str, Any]
Start = Callable[..., Any]

PROCESSES = 2
THREADS = 16  # of each: more than `api.pressure` has places, the others refuse, or hold who only waits
STOPPING_S = 5  # for what is being answered
_HEADER_BYTES = 64 * 1024  # all headers of a request together


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m config.web", description=__doc__)
    parser.add_argument("--bind", default="127.0.0.1:8000", help="HOST:PORT")
    host, _, port = parser.parse_args().bind.rpartition(":")
    # Before anything imports prometheus_client, which reads it once.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="consonant-metrics-")
    import_module("config.wsgi")  # here already, so that processes that are forked share its pages

    # What was loaded for good is left out of every later search for garbage.
    gc.collect()
    gc.freeze()
    server = Granian(
        "config.wsgi", host, int(port), interface=Interfaces.WSGI, workers=PROCESSES, blocking_threads=THREADS,
        http=HTTPModes.http1, http1_settings=HTTP1Settings(max_buffer_size=_HEADER_BYTES), websockets=False,
        workers_kill_timeout=STOPPING_S, respawn_failed_workers=True, log_level=LogLevels.warning,
    )  # fmt: skip
    server.serve(target_loader=partial(_begun, os.getpid()), wrap_loader=False)


def _begun(parent: int) -> Callable[[Environ, Start], Iterable[bytes]]:
    """What a process does before its first request, forked or begun anew."""
    from config.wsgi import application

    # A request makes thousands of objects that go by themselves; Python's own pace would search through all the young
    # ones several times in each.
    gc.set_threshold(20_000, 20, 20)
    # Who comes back from the database waits so long for whoever is busy, at every one of a request's statements.
    sys.setswitchinterval(0.001)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    return _whole(application)


def _end_with(parent: int) -> None:
    """Nobody answers on when the process that would stop it is gone."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _whole(application: Callable[[Environ, Start], HttpResponseBase]) -> Callable[[Environ, Start], Iterable[bytes]]:
    """Answers that are whole already leave in one piece, and are closed before they do."""

    def called(environ: Environ, start_response: Start) -> Iterable[bytes]:
        answer = application(environ, start_response)
        if not isinstance(answer, HttpResponse):
            return cast(Iterable[bytes], answer)
        answer.close()
        return [answer.content]

    return called


if __name__ == "__main__":
    main()
