"""Request limits: per tenant for those we know, per address for strangers.

The counters live in Redis. When Redis is away, reading goes on and making is refused
(``settings.CACHES`` raises, and `TenantThrottle` decides by method). Loaded by DRF while it loads its own
views, so nothing here may import those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle

from problems.errors import Unavailable

if TYPE_CHECKING:
    from rest_framework.views import APIView


class TenantThrottle(SimpleRateThrottle):
    """All keys and members of a tenant share one rate (settings: rate ``tenant``)."""

    scope = "tenant"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """The counter of the tenant; None (no limit here) for strangers."""
        tenant_id = getattr(request.user, "tenant_id", None)
        return f"throttle:tenant:{tenant_id}" if tenant_id else None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """As DRF's, and a decision for the time that Redis is away.

        Raises:
            Unavailable: Redis is away and the request would make something.
        """
        try:
            return bool(super().allow_request(request, view))
        except RedisError as error:
            if request.method in {"GET", "HEAD", "OPTIONS"}:
                return True
            raise Unavailable("The request limiter does not answer") from error


class StrangerThrottle(AnonRateThrottle):
    """The anonymous door: per network address (settings: rate ``anon``); closed while Redis is away."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """As DRF's; without its counter a stranger gets nothing.

        Raises:
            Unavailable: Redis is away.
        """
        try:
            return bool(super().allow_request(request, view))
        except RedisError as error:
            raise Unavailable("The request limiter does not answer") from error
