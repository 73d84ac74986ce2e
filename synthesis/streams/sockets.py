"""Streams over a WebSocket: messages with text in, sound out. Pure ASGI; it decides nothing by itself.

Each message becomes an inner POST to /v1/streams of the same application, so that who asks, what is allowed, limits
and consent are judged in the one place where they are judged for everybody.

    client -> {"type": "speak", ...the body of POST /v1/streams...}      one after the other, as they come
    client -> {"type": "stop"}                                            ends the one being spoken, and those waiting
    server -> {"type": "start", "synthesis": ..., "media_type": ..., "rate_hz": ...}
    server -> binary messages: the sound, a second or less in each
    server -> {"type": "end", "windows": ..., "length_s": ...}  or  {"type": "problem", "code": ..., ...}  (RFC 9457)

The key comes in the handshake's Authorization header, or as the member "key" of a message where a client cannot
set headers. Cookies are not looked at: a page of somebody else's could open a socket with them.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATH = "/v1/streams"
WAITING = 16  # texts that may wait on one socket
TEXT_BYTES = 64 * 1024
GRACE_S = 10.0  # for an inner request to notice that its client has gone
_HANDED_ON = {b"authorization", b"x-request-id", b"host", b"x-forwarded-for", b"x-forwarded-proto"}
_REFUSED, _TOO_BIG, _TOO_MANY = 4404, 1009, 4429


class StreamSocket:
    """The WebSocket side of an ASGI application.

    Args:
        app: answers the inner requests.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its handshake to its end."""
        await receive()  # websocket.connect
        if scope["path"] != PATH:
            await send({"type": "websocket.close", "code": _REFUSED})
            return
        await send({"type": "websocket.accept"})
        await _Conversation(self._app, scope, receive, send).hold()


class _Conversation:
    """What is being spoken, what waits, and the listening for more."""

    def __init__(self, app: App, scope: Scope, receive: Receive, send: Send) -> None:
        self._app, self._scope, self._receive, self._send = app, scope, receive, send
        self._texts: asyncio.Queue[dict[str, Any]] = asyncio.Queue(WAITING)
        self._now: _Inner | None = None

    async def hold(self) -> None:
        speaker = asyncio.create_task(self._speak_all())
        try:
            await self._hear_all()
        finally:
            self._drop_waiting()
            await self._end_now()  # the inner request sees its client gone, and the worker stops
            speaker.cancel()
            with suppress(asyncio.CancelledError):
                await speaker

    async def _hear_all(self) -> None:
        while (message := await self._receive())["type"] == "websocket.receive":
            text = message.get("text") or (message.get("bytes") or b"").decode("utf-8", "replace")
            if len(text) > TEXT_BYTES:
                await self._send({"type": "websocket.close", "code": _TOO_BIG})
                return
            if not await self._heard(text):
                return

    async def _heard(self, text: str) -> bool:
        try:
            asked = json.loads(text)
            what = asked.pop("type")
        except (ValueError, KeyError, AttributeError, TypeError):
            await self._tell("problem", _malformed("A message is a JSON object with a member type"))
            return True
        if what == "stop":
            self._drop_waiting()
            if self._now is not None:
                self._now.stop.set()
        elif what != "speak":
            await self._tell("problem", _malformed("The type of a message is speak or stop"))
        elif self._texts.full():
            await self._send({"type": "websocket.close", "code": _TOO_MANY})
            return False
        else:
            self._texts.put_nowait(asked)
        return True

    def _drop_waiting(self) -> None:
        while not self._texts.empty():
            self._texts.get_nowait()

    async def _speak_all(self) -> None:
        while True:
            self._now = _Inner(self._scope, await self._texts.get(), self._tell, self._sound)
            try:
                await self._app(self._now.scope, self._now.receive, self._now.send)
            finally:
                self._now.over.set()

    async def _end_now(self) -> None:
        if self._now is not None:
            self._now.stop.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._now.over.wait(), GRACE_S)

    async def _tell(self, what: str, facts: dict[str, Any]) -> None:
        with suppress(OSError):  # the other side has gone; the disconnect is on its way to us
            await self._send({"type": "websocket.send", "text": json.dumps(facts | {"type": what})})

    async def _sound(self, data: bytes) -> None:
        with suppress(OSError):
            await self._send({"type": "websocket.send", "bytes": data})


class _Inner:
    """One inner request: its body is the message, its answer comes back as events; `stop` hangs up."""

    def __init__(
        self,
        outer: Scope,
        asked: dict[str, Any],
        tell: Callable[[str, dict[str, Any]], Awaitable[None]],
        sound: Callable[[bytes], Awaitable[None]],
    ) -> None:
        key = asked.pop("key", None)
        self._body: bytes | None = json.dumps(asked).encode()
        self._tell, self._sound = tell, sound
        self.stop, self.over = asyncio.Event(), asyncio.Event()
        self._status, self._waiting = 0, b""
        self.scope = _post(outer, len(self._body), key)

    async def receive(self) -> Message:
        """The body once, and then nothing until the client goes."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.stop.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Part of the answer: events of the stream, or a problem document."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            return
        self._waiting += message.get("body", b"")
        if self._status != 200:
            if not message.get("more_body", False):
                await self._tell("problem", _document(self._waiting, self._status))
            return
        while b"\n\n" in self._waiting:
            event, self._waiting = self._waiting.split(b"\n\n", 1)
            await self._event(event)

    async def _event(self, event: bytes) -> None:
        name, data = (line.split(b": ", 1)[1] for line in event.split(b"\n", 1))
        facts = json.loads(data)
        if name == b"audio":
            await self._sound(base64.b64decode(facts["data"]))
        else:
            await self._tell(name.decode(), facts)


def _post(outer: Scope, length: int, key: object) -> Scope:
    """The scope of the inner request: of the handshake's headers only those that say who asks and from where."""
    headers = [(name, value) for name, value in outer["headers"] if name in _HANDED_ON]
    if isinstance(key, str):
        headers = [(name, value) for name, value in headers if name != b"authorization"]
        headers.append((b"authorization", b"Bearer " + key.encode("ascii", "replace")))
    headers += [
        (b"content-type", b"application/json"),
        (b"content-length", str(length).encode()),
        (b"accept", b"text/event-stream"),
    ]
    scheme = {"ws": "http", "wss": "https"}.get(outer.get("scheme", "ws"), "http")
    kept = {name: outer[name] for name in ("asgi", "http_version", "client", "server", "root_path") if name in outer}
    return kept | {
        "type": "http", "method": "POST", "scheme": scheme, "path": PATH, "raw_path": PATH.encode(),
        "query_string": b"", "headers": headers,
    }  # fmt: skip


def _document(data: bytes, status: int) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"status": status, "code": "internal"}


def _malformed(detail: str) -> dict[str, Any]:
    return {"status": 400, "code": "malformed", "detail": detail}
