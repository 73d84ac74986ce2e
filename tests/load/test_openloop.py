"""The client is on time and counts the delay from when a request was due."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.load.openloop import Answer, Call, Stream, offer, quantile, summary

PAUSE_S = 0.2


class Slow(BaseHTTPRequestHandler):
    """Answers after a pause; every third request is refused, without saying when to come again."""

    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self) -> None:
        Slow.count += 1
        time.sleep(PAUSE_S)
        self.send_response(200 if Slow.count % 3 else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def slow() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.enable_socket
def test_requests_leave_when_they_are_due_and_not_when_the_one_before_was_answered(slow):
    streams = [Stream("a", 40, lambda dice, number: Call("a", "GET", f"/{number}"))]
    answers = offer(slow, streams, seconds=1.0, seed=7)
    found = summary(answers, 1.0)
    assert found.asked > 20  # one after the other there would be five
    assert found.p50 >= 1000 * PAUSE_S
    assert found.silent_refusals == found.statuses[503] > 0


@pytest.mark.enable_socket
def test_a_server_that_is_not_there_is_counted():
    streams = [Stream("a", 20, lambda dice, number: Call("a", "GET", "/"))]
    found = summary(offer("http://127.0.0.1:9", streams, seconds=0.3, seed=7), 0.3)
    assert (found.accepted, set(found.statuses)) == (0, {0})
    assert math.isnan(found.p99)


def test_quantiles_are_values_that_occurred():
    values = [float(value) for value in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert quantile([3.0], 0.99) == 3.0


def test_only_what_was_accepted_counts_for_the_delay():
    answers = [Answer("a", 0.1, 0, 200, False), Answer("a", 9.0, 0, 503, True), Answer("a", 30.0, 0, 0, False)]
    found = summary(answers, 1.0)
    assert (found.asked, found.accepted, found.p99, found.silent_refusals) == (3, 1, 100.0, 0)
