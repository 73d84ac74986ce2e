"""How windows travel from the worker that speaks to whoever listens: one Redis Stream for each synthesis.

Redis holds nothing that anybody could hear: a window is sealed under the person's own key before it is written
(`storage.sealing`), for its number in its stream, so that it opens nowhere else and never again once that key is
destroyed - not from an append-only file either. The stream is short (the worker waits for room), ends with its
listener, and is gone after KEEP_S in any case.

Two keys: the stream of windows, and a list on which the listener says "taken" for each window, or "gone".
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

import redis
from django.conf import settings

KEEP_S = 90
AHEAD = 4  # windows that may wait for the listener; the worker goes no further
WAIT_S = 2.0  # one look for news; both sides do something else in between
_SOCKET_S = 10.0

Said = Literal["taken", "gone"]


class Arrived(NamedTuple):
    """What stands in the stream: a sealed window and its number, or the end (`sealed` is empty)."""

    at: str
    number: int
    sealed: bytes


class Pipe:
    """One stream's way through Redis. Safe to use from both ends at once; each end is one thread."""

    def __init__(self, synthesis_id: UUID) -> None:
        self._windows, self._said = _keys(synthesis_id)

    def offer(self, number: int, sealed: bytes) -> None:
        """Put a window at the end; room is the caller's business (`hear`)."""
        with _client().pipeline() as both:
            both.xadd(self._windows, {"n": number, "w": sealed}, maxlen=2 * AHEAD, approximate=False)
            both.expire(self._windows, KEEP_S)
            both.execute()

    def end(self) -> None:
        """Say that nothing more will come; the row says why.

        Windows that wait go with it: at a good end all were taken, and at a bad one nobody may hear them. A window
        written just after its listener left would otherwise stay until KEEP_S is over.
        """
        with _client().pipeline() as both:
            both.delete(self._windows)
            both.xadd(self._windows, {"n": 0, "w": b""})
            both.expire(self._windows, KEEP_S)
            both.execute()

    def take(self, after: str, wait_s: float = WAIT_S) -> Arrived | None:
        """The entry behind `after` ("0" for the first), None when nothing came in time."""
        found = _client().xread({self._windows: after}, count=1, block=round(wait_s * 1000))
        if not found:
            return None
        ((_, ((at, fields),)),) = found
        return Arrived(at.decode(), int(fields[b"n"]), fields[b"w"])

    def tell(self, said: Said) -> None:
        """The listener's word to the worker."""
        with _client().pipeline() as both:
            both.rpush(self._said, said)
            both.expire(self._said, KEEP_S)
            both.execute()

    def hear(self, wait_s: float = WAIT_S) -> str:
        """The listener's next word; empty when it said nothing in time."""
        found = _client().blpop([self._said], timeout=wait_s)
        return "" if found is None else str(found[1], "ascii")

    def drop(self) -> None:
        """Take the windows away; the last word stays for a worker that has not heard it."""
        _client().delete(self._windows)


def pipes_drop(synthesis_ids: Iterable[UUID]) -> int:
    """Take the streams of these syntheses away; how many keys there were."""
    names = [name for pk in synthesis_ids for name in _keys(pk)]
    return int(_client().delete(*names)) if names else 0


def pipes_left(synthesis_ids: Iterable[UUID]) -> list[str]:
    """Which of their streams hold sound."""
    names = [_keys(pk)[0] for pk in synthesis_ids]
    with _client().pipeline(transaction=False) as all_of_them:
        for name in names:
            all_of_them.xrange(name)
        found = all_of_them.execute()
    return [name for name, rows in zip(names, found, strict=True) if any(fields[b"w"] for _, fields in rows)]


def _keys(synthesis_id: UUID) -> tuple[str, str]:
    return f"stream:{synthesis_id}:windows", f"stream:{synthesis_id}:said"


@cache
def _client() -> Any:  # the client's own types are those of all protocols and decodings at once
    # RESP2: the same answers from every server; a socket may be silent for longer than one look.
    return redis.Redis.from_url(settings.STREAMS_URL, protocol=2, socket_timeout=_SOCKET_S, health_check_interval=30)
