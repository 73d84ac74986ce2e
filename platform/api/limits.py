"""How often one caller may ask, counted in Redis by all processes together.

A bucket that empties steadily (the generic cell rate algorithm: ITU-T I.371, annex A): so many in a window, one after
the other, and at most `at_once` of them together. A window that is counted instead lets a caller spend all of it in one
second, and in that second everybody else waits. One call of a script, so that twins cannot both take the last place;
one number for each caller, however often it asks. What is refused is not counted, so a caller who never stops asking
still gets what it is allowed.
"""

from __future__ import annotations

import hashlib
import time
from functools import cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_S = 1.0
_REMEMBERED = 10_000
_LOOK_S = 0.1  # at most, until a bucket that was full has been looked at again
# KEYS[1]: the bucket's name; ARGV: microseconds between two requests, requests at once. Kept is the moment at which the
# bucket is empty again. Answers the milliseconds until the next request fits, 0 when this one did. The clock is the
# server's, the same for every process; whole microseconds, because Lua writes a fraction with fourteen digits.
_TAKE = """
local between, at_once = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local empty = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local early = empty - now - between * (at_once - 1)
if early > 0 then
    return math.ceil(early / 1000)
end
redis.call('SET', KEYS[1], string.format('%.0f', empty + between), 'PX', math.ceil((empty + between - now) / 1000))
return 0
"""
_refused_until: dict[bytes, float] = {}


def take(name: str, limit: int, window_s: float, at_once: int) -> float:
    """Take one request from the bucket `name`: `limit` in `window_s` seconds, at most `at_once` (>= 1) together.

    Returns:
        Seconds until one fits; 0.0 when this one did.

    Raises:
        redis.exceptions.RedisError: the buckets cannot be reached.
    """
    between_us = round(window_s / limit * 1e6)
    return int(_script()(keys=[name], args=[between_us, at_once])) / 1000


@cache
def _script() -> Any:
    # Tried once more, for a connection that a restart has broken; a request does not wait for a server that is away.
    patience = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry": Retry(NoBackoff(), 1)}
    client = redis.Redis.from_url(settings.ENV.redis_url, **patience)
    return client.register_script(_TAKE)


def refusal_remember(credential: str, wait_s: float) -> None:
    """Keep in this process, for a second at most, that this credential's bucket is full."""
    now = time.monotonic()
    if len(_refused_until) >= _REMEMBERED:
        for digest in [digest for digest, until in _refused_until.items() if until <= now]:
            del _refused_until[digest]
    if len(_refused_until) < _REMEMBERED:
        _refused_until[_digest(credential)] = now + min(wait_s, 1.0)


def refusal_forget(credential: str) -> None:
    """A request of this credential fitted again."""
    _refused_until.pop(_digest(credential), None)


def refusal_remembered(credential: str) -> float:
    """Seconds for which this credential need not be looked up, because it would be refused; 0.0 when it has to be.

    When the time is over, whoever comes first looks, and the others are refused until it is known what came of it:
    together they would take every place, again and again, from those who are within their limits.
    """
    if not _refused_until:
        return 0.0
    digest, now = _digest(credential), time.monotonic()
    until = _refused_until.get(digest)
    if until is None:
        return 0.0
    if until <= now:
        _refused_until[digest] = now + _LOOK_S
    return max(0.0, until - now)


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()
