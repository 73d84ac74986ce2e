"""An S3 that answers 503, is slow, cuts its answers short, or stores and then says that it has not.

A proxy in front of moto's server does it, so that the client library's own retries are part of what is tested.
"""

from __future__ import annotations

import http.client
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from storage.errors import ObjectExists, ObjectMissing, StoreUnavailable
from storage.s3 import S3Store, s3_client

BUSY = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
FAULTS = ("busy", "stored", "cut", "slow", "reset")


class Proxy(ThreadingHTTPServer):
    """Passes requests on to `upstream`; how often it does something to them is `share`."""

    daemon_threads = True

    def __init__(self, upstream: str, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.dice, self.share = urlsplit(upstream).netloc, random.Random(seed), 0.0
        self.always: list[str] = []  # faults of the next requests, in order
        self.done: Counter[str] = Counter()

    def fault(self) -> str:
        """What happens to this request."""
        if self.always:
            return self.always.pop(0)
        chosen = self.dice.choice(FAULTS) if self.dice.random() < self.share else ""
        self.done[chosen] += 1
        return chosen

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is part of the play."""


class Handler(BaseHTTPRequestHandler):
    """One request through the proxy."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault()
        if fault == "reset":
            self.connection.close()
            self.close_connection = True
            return
        if fault == "busy":
            self.reply(503, [], BUSY)
            return
        if fault == "slow":
            time.sleep(0.05)
        status, headers, found = self.passed_on(body)
        if fault == "stored":
            self.reply(503, [], BUSY)
        else:
            self.reply(status, headers, found, cut=fault == "cut")

    def passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=20)
        # The signature is over the proxy's own host name, which moto does not check.
        upstream.request(self.command, self.path, body, dict(self.headers.items()))
        response = upstream.getresponse()
        found = response.read()
        upstream.close()
        return response.status, response.getheaders(), found

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes, cut: bool = False) -> None:
        self.send_response(status)
        kept = {"content-type", "etag", "last-modified", "content-range"}
        for name, value in headers:
            if name.lower() in kept:
                self.send_header(name, value)
        length = next((value for name, value in headers if name.lower() == "content-length"), str(len(body)))
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def proxied(moto_url: str) -> Iterator[tuple[S3Store, Proxy]]:
    """A store behind the proxy, which does nothing until it is told to."""
    proxy = Proxy(moto_url, seed=random.SystemRandom().randrange(1 << 32))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    client = s3_client(f"http://127.0.0.1:{proxy.server_port}", "us-east-1", "key", "secret")
    bucket = f"consonant-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=bucket)
    yield S3Store(client, bucket), proxy
    proxy.shutdown()
    proxy.server_close()
    client.close()


@pytest.mark.enable_socket
def test_a_put_that_was_stored_and_denied_is_ours_when_it_is_tried_again(proxied):
    store, proxy = proxied
    proxy.always = ["stored"]
    store.put("a/b", b"ours", if_absent=True)
    assert store.get("a/b") == b"ours"


@pytest.mark.enable_socket
def test_somebody_elses_object_stays_theirs_when_it_is_tried_again(proxied):
    store, proxy = proxied
    store.put("a/b", b"theirs")
    proxy.always = ["busy"]
    with pytest.raises(ObjectExists):
        store.put("a/b", b"ours", if_absent=True)
    assert store.get("a/b") == b"theirs"


@pytest.mark.enable_socket
def test_an_answer_cut_short_is_no_answer(proxied):
    store, proxy = proxied
    store.put("a/b", bytes(100_000))
    proxy.always = ["cut"] * 5
    with pytest.raises(StoreUnavailable):
        store.get("a/b")


@pytest.mark.soak
@pytest.mark.enable_socket
def test_no_object_is_ever_half_there(proxied, scale):
    """Random faults on every request: what was put is whole or absent, what is got is whole."""
    store, proxy = proxied
    trials, refused, proxy.share = scale(60), Counter(), 0.4
    for number in range(trials):
        key, data = f"objects/{number}", random.Random(number).randbytes(5_000 + number)
        try:
            store.put(key, data, if_absent=True)
            stored = True
        except StoreUnavailable:
            stored = False
            refused["put"] += 1
        try:
            assert store.get(key) == data
        except StoreUnavailable:
            refused["get"] += 1
        except ObjectMissing:
            assert not stored
    proxy.share = 0.0
    for info in store.find("objects/"):
        number = int(info.key.rsplit("/", 1)[1])
        assert store.get(info.key) == random.Random(number).randbytes(5_000 + number)
    faults = sum(count for name, count in proxy.done.items() if name)
    print(f"0 of {trials} objects were half there (3/N {3 / trials:.4f}); {faults} faults, refused {dict(refused)}")
