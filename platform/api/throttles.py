"""Request limits: per tenant for those we know, per address for strangers.

The buckets live in Redis (`limits`). When Redis is away, reading goes on and making is refused (`TenantThrottle`
decides by method). Loaded by DRF while it loads its own views, so nothing here may import those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle

from api.limits import refusal_forget, refusal_remember, take
from problems.errors import Unavailable

if TYPE_CHECKING:
    from rest_framework.views import APIView


class _SharedRate(SimpleRateThrottle):
    """DRF's rates, counted by every process together: steadily, with `share_at_once` of a window's requests at once."""

    num_requests: int  # what DRF's __init__ reads from the rate
    duration: int
    share_at_once = 1.0
    wait_s = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether one more fits now; `wait` says when the next does.

        Raises:
            RedisError: the buckets cannot be reached.
        """
        name = self.get_cache_key(request, view) if self.rate is not None else None
        if name is not None:
            at_once = max(1, round(self.share_at_once * self.num_requests))
            self.wait_s = take(name, self.num_requests, self.duration, at_once)
        return self.wait_s == 0.0

    def wait(self) -> float:
        """Seconds; DRF makes Retry-After of it."""
        return self.wait_s


class TenantThrottle(_SharedRate):
    """All keys and members of a tenant share one rate (settings: rate ``tenant``)."""

    scope = "tenant"
    share_at_once = 0.05  # enough for a page and its parts; more together would keep the others waiting

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """The bucket of the tenant; None (no limit here) for strangers."""
        tenant_id = getattr(request.user, "tenant_id", None)
        return f"throttle:tenant:{tenant_id}" if tenant_id else None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """As above; who is refused is remembered for a moment, and a decision for the time that Redis is away.

        Raises:
            Unavailable: Redis is away and the request would make something.
        """
        try:
            allowed = super().allow_request(request, view)
        except RedisError as error:
            if request.method in {"GET", "HEAD", "OPTIONS"}:
                return True
            raise Unavailable("The request limiter does not answer") from error
        if request.auth == "key":
            credential = request.headers["Authorization"]
            refusal_forget(credential) if allowed else refusal_remember(credential, self.wait_s)
        return allowed


class StrangerThrottle(_SharedRate, AnonRateThrottle):
    """The anonymous door: per network address (settings: rate ``anon``); closed while Redis is away."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """As above; without its counter a stranger gets nothing.

        Raises:
            Unavailable: Redis is away.
        """
        try:
            return super().allow_request(request, view)
        except RedisError as error:
            raise Unavailable("The request limiter does not answer") from error
