"""Request ids, one structured log line per request without personal data, metrics, and what pages may load."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

log = structlog.get_logger("api.request")

REQUESTS = Counter("consonant_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("consonant_request_seconds", "Time to answer", ["method", "route"])
_GIVEN_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")


class RequestLog:
    """Gives every request an id (the caller's own when it is well formed) and logs its end.

    The route's pattern is logged, never the path: a speaker's link is a secret in a path.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with ``X-Request-ID`` set."""
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if _GIVEN_ID.fullmatch(given) else uuid4().hex  # type: ignore[attr-defined]  # ours
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]  # set above
        began = time.perf_counter()
        response = self.get_response(request)
        self._note(request, response, time.perf_counter() - began)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]  # set above
        return response

    def _note(self, request: HttpRequest, response: HttpResponse, seconds: float) -> None:
        route = request.resolver_match.route if request.resolver_match else "unknown"
        method = request.method or "?"
        REQUESTS.labels(method, route, str(response.status_code)).inc()
        SECONDS.labels(method, route).observe(seconds)
        log.info("request", method=method, route=route, status=response.status_code, ms=round(seconds * 1000, 1))


class PagesAskNobody:
    """Forbids every page to load from, or send to, anybody but this server: no visitor is told to third parties.

    A speaker's link and a clip that is being verified are nobody else's business. No page of ours has a script
    or style of its own in it; the two readers of the API document do, and would also fetch a logo.
    """

    policy = (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    )
    readers = "; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with a Content-Security-Policy where a page is sent."""
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            reader = getattr(request.resolver_match, "url_name", None) in {"docs", "docs-try"}
            response.headers["Content-Security-Policy"] = self.policy + (self.readers if reader else "")
        return response
