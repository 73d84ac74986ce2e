"""One listener of one stream: takes windows as they come and releases them one by one.

The work is blocking and belongs to one thread; `heard_async` gives each step to the thread of its request, so that
an event loop can serve many listeners, and hands the database connection back between the steps.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import connection

from problems.errors import DomainError
from synthesis.models import Synthesis
from synthesis.streams.errors import ListenerGone, StreamBroken, StreamLate
from synthesis.streams.pipe import Pipe
from synthesis.streams.services import stream_cut, stream_going, stream_outcome, window_release
from tenants.actor import Actor

FIRST_WITHIN_S = 15.0
NEXT_WITHIN_S = 45.0  # longer than a lease: who is slower has died
T = TypeVar("T")


class StreamCut(Exception):
    """The stream ended early; `error` says why. What was sent before is all there is."""

    def __init__(self, error: DomainError) -> None:
        self.error = error
        super().__init__(error.code)


class Listener:
    """Takes the windows of one stream, in order.

    Attributes:
        windows: how many have been handed out.
        row: the finished synthesis, once the end was reached.
    """

    def __init__(self, actor: Actor, synthesis_id: UUID) -> None:
        self._actor, self._id = actor, synthesis_id
        self._pipe = Pipe(synthesis_id)
        self._at, self._over = "0", False
        self.windows = 0
        self.row: Synthesis | None = None

    def next(self) -> bytes | None:
        """The next window's bytes, None at the end.

        The worker learns that the window before was taken only now that the caller comes back for more.

        Raises:
            StreamCut: no more comes; the row and the log say so already.
        """
        if self._over:
            return None
        try:
            if self.windows:
                self._pipe.tell("taken")
            return self._released()
        except DomainError as error:
            self._cut(error)
            raise StreamCut(error) from error

    def leave(self) -> None:
        """Say goodbye, whether or not the end was reached; early, it stops the worker. Safe to call twice."""
        if not self._over:
            self._cut(ListenerGone())
        self._pipe.drop()

    def _released(self) -> bytes | None:
        until = time.monotonic() + (NEXT_WITHIN_S if self.windows else FIRST_WITHIN_S)
        while True:
            arrived = self._pipe.take(self._at)
            if arrived is not None:
                break
            if time.monotonic() > until:
                raise StreamBroken if self.windows else StreamLate
            stream_going(actor=self._actor, synthesis_id=self._id)
        self._at = arrived.at
        if not arrived.sealed:
            self.row = stream_outcome(actor=self._actor, synthesis_id=self._id)
            self._over = True
            return None
        data = window_release(actor=self._actor, synthesis_id=self._id, arrived=arrived)
        self.windows += 1
        return data

    def _cut(self, error: DomainError) -> None:
        self._over = True
        self._pipe.tell("gone")
        stream_cut(actor=self._actor, synthesis_id=self._id, error=error, windows=self.windows)


def heard(listener: Listener, first: bytes) -> Iterator[bytes]:
    """The stream from its first window on, for a server with a thread for each listener."""
    part: bytes | None = first
    while part is not None:
        yield part
        part = listener.next()


async def heard_async(listener: Listener, first: bytes) -> AsyncIterator[bytes]:
    """The same for an event loop."""
    part: bytes | None = first
    while part is not None:
        yield part
        part = await _in_thread(listener.next)


async def _in_thread(step: Callable[[], T]) -> T:
    def then_give_back() -> T:
        try:
            return step()
        finally:
            connection.close()

    return await sync_to_async(then_give_back)()
