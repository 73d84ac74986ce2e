"""How many requests one caller may make in a window, counted in Redis by all processes together.

A sliding window of two counters: the present one and what is left of the one before. One call of a script, so that
twins cannot both take the last place, and its cost does not grow with the number of requests (a list of their times
does: at 500 a second a minute's list is 270 KB, read and written by every request). What is refused is not counted,
so a caller who never stops asking still gets what it is allowed.
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
# KEYS[1]: the counter's name; ARGV: requests allowed, window in seconds. Answers the milliseconds until the next
# request fits, 0 when this one did. The clock is the server's, the same for every process.
_TAKE = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1e6
local number = math.floor(now / window)
local gone = now / window - number
local name = KEYS[1] .. ':' .. number
local here = tonumber(redis.call('GET', name) or '0')
local before = tonumber(redis.call('GET', KEYS[1] .. ':' .. (number - 1)) or '0')
if here + before * (1 - gone) + 1 <= limit then
    redis.call('INCR', name)
    redis.call('EXPIRE', name, math.ceil(2 * window))
    return 0
end
local wait = 1 - gone
if here + 1 <= limit then
    wait = 1 - (limit - 1 - here) / before - gone
elseif here > 0 then
    wait = wait + math.max(0, 1 - (limit - 1) / here)
end
return math.max(1, math.ceil(1000 * window * wait))
"""
_refused_until: dict[bytes, float] = {}


def take(name: str, limit: int, window_s: float) -> float:
    """Take one request from the window `name`.

    Returns:
        Seconds until one fits; 0.0 when this one did.

    Raises:
        redis.exceptions.RedisError: the counters cannot be reached.
    """
    return int(_script()(keys=[name], args=[limit, window_s])) / 1000


@cache
def _script() -> Any:
    # Tried once more, for a connection that a restart has broken; a request does not wait for a server that is away.
    patience = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S, "retry": Retry(NoBackoff(), 1)}
    client = redis.Redis.from_url(settings.ENV.redis_url, **patience)
    return client.register_script(_TAKE)


def refusal_remember(credential: str, wait_s: float) -> None:
    """Keep in this process, for a second at most, that this credential's window is full."""
    now = time.monotonic()
    if len(_refused_until) >= _REMEMBERED:
        for digest in [digest for digest, until in _refused_until.items() if until <= now]:
            del _refused_until[digest]
    if len(_refused_until) < _REMEMBERED:
        _refused_until[_digest(credential)] = now + min(wait_s, 1.0)


def refusal_remembered(credential: str) -> float:
    """Seconds for which this credential need not be looked up, because it would be refused; 0.0 when it has to be."""
    if not _refused_until:
        return 0.0
    return max(0.0, _refused_until.get(_digest(credential), 0.0) - time.monotonic())


def _digest(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()
