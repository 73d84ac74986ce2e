"""The door of streams over HTTP; `sockets` comes through it too."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from audio.encode import Format
from consent.rules import Use
from problems.handler import body
from synthesis.engine import RATE_HZ
from synthesis.models import Synthesis
from synthesis.services import Order
from synthesis.streams.listening import Listener, StreamCut, heard, heard_async
from synthesis.streams.serializers import StreamIn
from synthesis.streams.services import stream_request
from synthesis.streams.windows import Encoder
from tenants.actor import Scope
from tenants.scoped import ScopedView

EVENTS = "text/event-stream"


class _AudioOrEvents(BaseContentNegotiation):
    """Bytes of sound unless events are asked for by name; problems are JSON either way."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The first, whatever comes."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first, whatever is accepted."""
        return renderers[0], renderers[0].media_type


class _Streamed(StreamingHttpResponse):
    """Closed by every server when the body is over, was broken off, or was never begun: the listener leaves."""

    listener: Listener
    asynchronous = False

    def close(self) -> None:
        """Nobody listens from here on; then as every response."""
        try:
            self.listener.leave()
        finally:
            if self.asynchronous:
                connection.close()
            super().close()


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class StreamsView(ScopedView):
    """Text in, audio out."""

    content_negotiation_class = _AudioOrEvents
    scopes = {"POST": Scope.SYNTHESES_WRITE}

    @extend_schema(
        request=StreamIn,
        responses={(200, "audio/*"): OpenApiTypes.BINARY, (200, EVENTS): OpenApiTypes.STR},
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        """Speak a text and hear it while it is spoken.

        The sound comes in pieces of at most a second. Every piece carries the mark and is released by itself: the
        consent is asked again for each. The synthesis is named by the header `Location`; an early end breaks the
        body off, and the reason stands there. With `Accept: text/event-stream` the pieces come as events `audio`
        (base64), and the last event is `end` or `problem`.
        """
        asked = StreamIn(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        row = stream_request(
            actor=self.actor,
            version_id=given.pop("voice_version"),
            consent_id=given.pop("consent", None),
            use=Use(**given.pop("use"), act="synthesise"),
            order=Order(**given),
        )
        listener = Listener(self.actor, row.pk)
        asynchronous = isinstance(request._request, ASGIRequest)
        if asynchronous:
            connection.close()  # nobody else may use this thread's, and the wait may be long
        first = _first(listener)
        return _answer(request, row, listener, first, asynchronous)


def _first(listener: Listener) -> bytes:
    """The first window; what goes wrong before it is answered with a status of its own.

    Raises:
        DomainError: nothing will be heard, and why.
    """
    try:
        found = listener.next()
    except StreamCut as cut:
        listener.leave()
        raise cut.error from cut
    return found or b""


def _answer(
    request: Request, row: Synthesis, listener: Listener, first: bytes, asynchronous: bool
) -> StreamingHttpResponse:
    events = EVENTS in request.headers.get("Accept", "")
    content: Iterator[bytes] | AsyncIterator[bytes]
    if asynchronous:
        content = heard_async(listener, first)
        content = _events_async(content, row, listener, request) if events else content
    else:
        content = heard(listener, first)
        content = _events(content, row, listener, request) if events else content
    media_type = EVENTS if events else Encoder(Format(row.format), RATE_HZ).media_type
    response = _Streamed(content, content_type=media_type)
    response.listener, response.asynchronous = listener, asynchronous
    response["Location"] = f"/v1/syntheses/{row.pk}"
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _events(content: Iterator[bytes], row: Synthesis, listener: Listener, request: Request) -> Iterator[bytes]:
    yield _start(row)
    try:
        for part in content:
            yield _audio(part)
    except StreamCut as cut:
        yield _problem(cut, request)
        return
    yield _end(listener)


async def _events_async(
    content: AsyncIterator[bytes], row: Synthesis, listener: Listener, request: Request
) -> AsyncIterator[bytes]:
    yield _start(row)
    try:
        async for part in content:
            yield _audio(part)
    except StreamCut as cut:
        yield _problem(cut, request)
        return
    yield _end(listener)


def _start(row: Synthesis) -> bytes:
    encoder = Encoder(Format(row.format), RATE_HZ)
    facts = {"synthesis": str(row.pk), "media_type": encoder.media_type, "rate_hz": encoder.rate_hz}
    return _event("start", facts)


def _audio(part: bytes) -> bytes:
    return _event("audio", {"data": base64.b64encode(part).decode()})


def _end(listener: Listener) -> bytes:
    row = listener.row
    facts = {} if row is None else {"length_s": row.length_s, "sha256": row.media_sha256}
    return _event("end", {"windows": listener.windows, **facts})


def _problem(cut: StreamCut, request: Request) -> bytes:
    return _event("problem", body(cut.error, request._request))


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
