"""Open-loop load: requests leave when they are due, whether or not the ones before have been answered.

A client that waits for each answer slows down with the server and so hides how slow it is; here the delay counts
from the moment a request was due, so a queue anywhere - the client's own included - shows. Arrivals are a Poisson
process. Pure but for the network: no Django, no knowledge of the platform.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

CONNECTIONS = 256
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Call:
    """One request. `who` names the stream that it is counted under."""

    who: str
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """How one request ended. `delay_s` counts from when it was due; `late_s` is the client's own part of that.

    `status` is 0 when the connection broke or nothing came in PATIENCE_S.
    """

    who: str
    delay_s: float
    late_s: float
    status: int
    retry_after: bool


@dataclass(frozen=True)
class Stream:
    """Requests of one kind at one rate."""

    who: str
    rate: float  # a second
    make: Callable[[random.Random, int], Call]


def offer(url: str, streams: Sequence[Stream], seconds: float, seed: int) -> list[Answer]:
    """Send every stream for `seconds` and wait for what is still under way."""
    return asyncio.run(_offered(url, streams, seconds, seed))


async def _offered(url: str, streams: Sequence[Stream], seconds: float, seed: int) -> list[Answer]:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=60)
    timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session:
        parts = [_stream(session, stream, seconds, f"{seed}/{stream.who}") for stream in streams]
        answers = await asyncio.gather(*parts)
    return [answer for part in answers for answer in part]


async def _stream(session: aiohttp.ClientSession, stream: Stream, seconds: float, seed: str) -> list[Answer]:
    dice, began, number = random.Random(seed), time.perf_counter(), 0
    due, tasks = began + dice.expovariate(stream.rate), []
    while due < began + seconds:
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(_ask(session, stream.make(dice, number), due)))
        number += 1
        due += dice.expovariate(stream.rate)
    return list(await asyncio.gather(*tasks))


async def _ask(session: aiohttp.ClientSession, call: Call, due: float) -> Answer:
    late_s = time.perf_counter() - due
    status, retry_after = 0, False
    try:
        async with session.request(call.method, call.path, data=call.body, headers=call.headers) as response:
            await response.read()
            status, retry_after = response.status, "Retry-After" in response.headers
    except (aiohttp.ClientError, TimeoutError, OSError):
        pass
    return Answer(call.who, time.perf_counter() - due, late_s, status, retry_after)


@dataclass(frozen=True)
class Summary:
    """What a run came to. Delays in milliseconds, of the requests that were accepted (below 400)."""

    asked: int
    accepted: int
    rate: float
    p50: float
    p99: float
    late_p99: float
    statuses: dict[int, int]
    silent_refusals: int  # 429 and 503 without Retry-After

    def text(self) -> str:
        """One line for a person."""
        return (
            f"{self.asked} asked, {self.accepted} accepted ({self.rate:.0f}/s), p50 {self.p50:.0f} ms, "
            f"p99 {self.p99:.0f} ms (client's own {self.late_p99:.0f} ms), statuses {self.statuses}"
        )


def summary(answers: Sequence[Answer], seconds: float) -> Summary:
    """Sum a run up; with nothing accepted the delays are NaN."""
    good = sorted(answer.delay_s * 1000 for answer in answers if 0 < answer.status < 400)
    late = sorted(answer.late_s * 1000 for answer in answers)
    refused = [answer for answer in answers if answer.status in (429, 503)]
    return Summary(
        asked=len(answers),
        accepted=len(good),
        rate=len(good) / seconds,
        p50=quantile(good, 0.5),
        p99=quantile(good, 0.99),
        late_p99=quantile(late, 0.99),
        statuses=dict(sorted(Counter(answer.status for answer in answers).items())),
        silent_refusals=sum(not answer.retry_after for answer in refused),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed; NaN of nothing."""
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * len(ordered) * 1000) // 1000) - 1))]


def of(answers: Sequence[Answer], *prefixes: str) -> list[Answer]:
    """The answers of the streams whose names begin so."""
    return [answer for answer in answers if answer.who.startswith(prefixes)]


__all__: list[Any] = ["Answer", "Call", "Stream", "Summary", "of", "offer", "quantile", "summary"]
