"""Streams through the ASGI door: chunked HTTP and WebSocket, with Django's own handler and real windows."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.db import connections

from isolation.scope import tenant_scope
from synthesis.models import Synthesis
from synthesis.streams.sockets import PATH, StreamSocket
from tests.synthesis.streams.conftest import LONG, SHORT, last_row
from work.models import JobState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def application() -> Any:
    from django.core.handlers.asgi import ASGIHandler

    return ASGIHandler()


@pytest.fixture(autouse=True)
def _as_the_asgi_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its threads keep no connection for longer than a request (config.asgi)."""
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


class Client:
    """One connection as an ASGI server makes it; `sent` is what came out, `want` ends it early."""

    def __init__(self, scope: dict[str, Any], incoming: list[dict[str, Any]]) -> None:
        self.scope, self.sent = scope, []
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for message in incoming:
            self.incoming.put_nowait(message)
        self.react = lambda message: None

    async def receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self.react(message)

    def run(self, application: Any) -> list[dict[str, Any]]:
        asyncio.run(asyncio.wait_for(application(self.scope, self.receive, self.send), 30))
        return self.sent


def http(world, text: str, accept: str = "*/*") -> Client:
    body = json.dumps(world.body(text=text)).encode()
    headers = {
        "authorization": f"Bearer {world.org.key()}", "content-type": "application/json", "accept": accept,
        "content-length": str(len(body)),
    }  # fmt: skip
    scope = {
        "type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in (headers | {"host": "testserver"}).items()],
        "http_version": "1.1", "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1),
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    return Client(scope, [{"type": "http.request", "body": body, "more_body": False}])


def socket(world, *messages: dict[str, Any], key: str | None = None, path: str = PATH) -> Client:
    headers = [(b"host", b"testserver"), (b"cookie", b"sessionid=whoever")]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    scope = {
        "type": "websocket", "path": path, "headers": headers, "scheme": "ws", "asgi": {"version": "3.0"},
        "http_version": "1.1", "server": ("testserver", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    return Client(
        scope,
        [
            {"type": "websocket.connect"},
            *({"type": "websocket.receive", "text": json.dumps(message)} for message in messages),
        ],
    )


def hangs_up_after(client: Client, ends: int) -> None:
    """The client closes the socket when it has heard `ends` ends or problems."""
    left = [ends]

    def react(message: dict[str, Any]) -> None:
        if message.get("text") and json.loads(message["text"])["type"] in {"end", "problem"}:
            left[0] -= 1
            if not left[0]:
                client.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})

    client.react = react


def told(sent: list[dict[str, Any]]) -> list[str]:
    """What came over a socket, in words; sound as "sound"."""
    texts = [json.loads(message["text"])["type"] if message.get("text") else "sound" for message in sent[1:]]
    return [word for number, word in enumerate(texts) if word != "sound" or texts[number - 1] != "sound"]


def test_chunked_http(world, workers, application):
    sent = http(world, SHORT).run(application)
    assert (sent[0]["type"], sent[0]["status"]) == ("http.response.start", 200)
    bodies = [message["body"] for message in sent[1:] if message.get("body")]
    assert len(bodies) > 2
    row = last_row(world)
    assert sum(map(len, bodies)) == row.media_bytes
    assert row.state == JobState.DONE


def test_a_client_that_goes_stops_the_worker(world, workers, application):
    client = http(world, LONG)

    def react(message: dict[str, Any]) -> None:
        if message.get("body"):
            client.incoming.put_nowait({"type": "http.disconnect"})

    client.react = react
    client.run(application)
    workers.join(within_s=5)
    row = last_row(world)
    assert (row.state, row.problem_code) == (JobState.CANCELLED, "listener-gone")


def test_a_withdrawal_breaks_the_body_off(world, workers, application):
    client = http(world, LONG)
    withdrawn: list[int] = []

    def react(message: dict[str, Any]) -> None:
        if message.get("body") and not withdrawn:
            withdrawn.append(len(client.sent))
            withdraw(world)

    client.react = react
    with pytest.raises(Exception, match="consent-withdrawn"):
        client.run(application)
    # The last message is no end of the body: a server breaks the connection off, and the client knows.
    assert client.sent[-1].get("more_body") is True
    assert len(client.sent) - withdrawn[0] <= 1


def withdraw(world) -> None:
    """From within the event loop: in a thread, as another process would."""
    import threading

    from django.db import connection

    def work() -> None:
        world.withdraw()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_text_in_sound_out_over_a_socket(world, workers, application):
    client = socket(world, *[{"type": "speak", **world.body(text=SHORT)}] * 2, key=world.org.key())
    hangs_up_after(client, 2)
    sent = client.run(StreamSocket(application))
    assert sent[0] == {"type": "websocket.accept"}
    assert told(sent) == ["start", "sound", "end"] * 2
    with tenant_scope(world.org.id):
        rows = list(Synthesis.objects.filter(streamed=True))
    assert {row.state for row in rows} == {JobState.DONE}
    assert sum(len(message.get("bytes") or b"") for message in sent) == sum(row.media_bytes for row in rows)


def test_the_key_may_come_with_the_message(world, workers, application):
    client = socket(world, {"type": "speak", "key": world.org.key(), **world.body(text=SHORT)})
    hangs_up_after(client, 1)
    assert told(client.run(StreamSocket(application)))[-1] == "end"


@pytest.mark.parametrize("key", [None, "cns_live_nobody"])
def test_nobody_we_know_hears_nothing(world, workers, application, key):
    client = socket(world, {"type": "speak", **world.body()}, key=key)
    hangs_up_after(client, 1)
    problem = json.loads(client.run(StreamSocket(application))[-1]["text"])
    assert (problem["type"], problem["status"]) == ("problem", 401)
    assert workers.going == []


def test_a_withdrawal_ends_what_is_spoken_with_its_code(world, workers, application):
    client = socket(world, {"type": "speak", **world.body(text=LONG)}, key=world.org.key())
    hangs_up_after(client, 1)
    hang_up, withdrawn = client.react, []

    def react(message: dict[str, Any]) -> None:
        hang_up(message)
        if message.get("bytes") and not withdrawn:
            withdrawn.append(len(client.sent))
            withdraw(world)

    client.react = react
    sent = client.run(StreamSocket(application))
    problem = json.loads(sent[-1]["text"])
    assert (problem["type"], problem["code"], problem["status"]) == ("problem", "consent-withdrawn", 403)
    assert sum("bytes" in message for message in sent[withdrawn[0] :]) <= 1


def test_a_word_stops_the_voice_and_the_socket_stays(world, workers, application):
    client = socket(world, {"type": "speak", **world.body(text=LONG)}, key=world.org.key())
    hangs_up_after(client, 1)
    hang_up, stopped = client.react, []

    def react(message: dict[str, Any]) -> None:
        hang_up(message)
        if message.get("bytes") and not stopped:
            stopped.append(True)
            for asked in ({"type": "stop"}, {"type": "speak", **world.body(text=SHORT)}):
                client.incoming.put_nowait({"type": "websocket.receive", "text": json.dumps(asked)})

    client.react = react
    sent = client.run(StreamSocket(application))
    assert told(sent)[-3:] == ["start", "sound", "end"]
    with tenant_scope(world.org.id):
        rows = Synthesis.objects.filter(streamed=True).order_by("created_at")
        states = list(rows.values_list("state", "problem_code"))
    assert states == [(JobState.CANCELLED, "listener-gone"), (JobState.DONE, "")]


def test_who_hangs_up_the_socket_stops_the_worker(world, workers, application):
    client = socket(world, {"type": "speak", **world.body(text=LONG)}, key=world.org.key())

    def react(message: dict[str, Any]) -> None:
        if message.get("bytes"):
            client.incoming.put_nowait({"type": "websocket.disconnect", "code": 1001})

    client.react = react
    client.run(StreamSocket(application))
    workers.join(within_s=5)
    assert last_row(world).problem_code == "listener-gone"


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"type": "sing"}'])
def test_messages_that_say_nothing_are_answered(world, workers, application, text):
    client = socket(world, key=world.org.key())
    client.incoming.put_nowait({"type": "websocket.receive", "text": text})
    hangs_up_after(client, 1)
    assert json.loads(client.run(StreamSocket(application))[-1]["text"])["code"] == "malformed"


def test_other_addresses_are_closed(world, application):
    sent = socket(world, path="/v1/elsewhere").run(StreamSocket(application))
    assert sent == [{"type": "websocket.close", "code": 4404}]


def test_too_much_at_once_closes_the_socket(world, workers, application):
    huge = socket(world, {"type": "speak", "text": "x" * 70_000}, key=world.org.key())
    assert huge.run(StreamSocket(application))[-1] == {"type": "websocket.close", "code": 1009}
