"""The one place where an exception becomes an answer (RFC 9457).

``handle`` is DRF's EXCEPTION_HANDLER; ``not_found``, ``server_error``, ``bad_request`` and
``forbidden`` are Django's handlers for what never reaches DRF. Every body has type, title,
status, detail, code and the request id; the type URI answers with a page that says what it means.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError, connections
from django.db.transaction import set_rollback
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from rest_framework import exceptions as drf
from rest_framework.response import Response

from problems import errors

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


def body(error: errors.DomainError, request: HttpRequest | None) -> dict[str, object]:
    """The members of the problem document for `error` (RFC 9457 section 3)."""
    members: dict[str, object] = dict(error.facts)
    members |= {
        "type": f"{settings.PUBLIC_URL}/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": getattr(request, "request_id", None),
    }
    return members


def handle(exc: Exception, context: Mapping[str, object]) -> Response:
    """DRF's handler: roll back what the request wrote and answer with a problem."""
    request = context.get("request")
    django_request = getattr(request, "_request", None)
    error = as_domain_error(exc)
    if error.status >= 500:
        log.error("request failed", exc_info=exc, extra={"code": error.code})
    for connection in connections.all(initialized_only=True):
        if connection.settings_dict["ATOMIC_REQUESTS"] and connection.in_atomic_block:
            set_rollback(True, using=connection.alias)
    return Response(
        body(error, django_request), status=error.status, headers=headers(error, exc), content_type=MEDIA_TYPE
    )


def headers(error: errors.DomainError, exc: Exception) -> dict[str, str]:
    """Retry-After, WWW-Authenticate and the header that stops client libraries repeating a conflict."""
    found: dict[str, str] = {}
    if error.retry_after_s is not None:
        found["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:
        found["WWW-Authenticate"] = 'Bearer realm="consonant"'
    if error.status == 409:
        found["x-should-retry"] = "false"
    if isinstance(exc, drf.MethodNotAllowed):
        found["Allow"] = getattr(exc, "allow", "")
    return {name: value for name, value in found.items() if value}


def as_domain_error(exc: Exception) -> errors.DomainError:
    """Every exception has exactly one domain meaning; what is unknown is ours (500)."""
    match exc:
        case errors.DomainError():
            return exc
        case drf.ValidationError():
            return errors.Invalid(errors=exc.detail)
        case drf.ParseError():
            return Malformed(str(exc.detail))
        case drf.NotAuthenticated() | drf.AuthenticationFailed():
            return errors.Unauthenticated(str(exc.detail))
        case drf.PermissionDenied() | PermissionDenied():
            return errors.Refused(str(getattr(exc, "detail", "") or errors.Refused.title))
        case drf.NotFound() | Http404():
            return errors.NotFound()
        case drf.MethodNotAllowed():
            return errors.MethodNotAllowed(str(exc.detail))
        case drf.NotAcceptable():
            return errors.NotAcceptable()
        case drf.UnsupportedMediaType():
            return errors.UnsupportedMedia(str(exc.detail))
        case drf.Throttled():
            error = errors.TooMany()
            error.retry_after_s = max(1, round(getattr(exc, "wait", None) or 1))
            return error
        case DataError():  # a value that PostgreSQL cannot hold: a time zone of +23:15, a number too large
            return errors.Invalid("A value lies outside what can be stored or compared")
        case OperationalError():
            return errors.Unavailable("The database does not answer")
    return errors.DomainError()


class Malformed(errors.Invalid):
    """The body cannot be read at all."""

    status = 400
    code = "malformed"
    title = "The request body cannot be read"
    meaning = "The body is not what its Content-Type says: broken JSON, a broken multipart form, or not UTF-8."


def answer(error: errors.DomainError, request: HttpRequest) -> HttpResponse:
    """A problem as a plain Django response, for middleware and Django's own handlers; a page for who reads pages."""
    found = headers(error, error)
    if request.get_preferred_type([MEDIA_TYPE, "application/json", "text/html"]) == "text/html":
        # Without the request, so that no context processor asks what has just failed.
        page = render_to_string("problems/detail.html", {"kind": type(error), **body(error, request)})
        return HttpResponse(page, status=error.status, headers=found)
    return JsonResponse(body(error, request), status=error.status, headers=found, content_type=MEDIA_TYPE)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: unknown routes never reach DRF."""
    return answer(errors.NotFound(), request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    return answer(Malformed(), request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return answer(errors.Refused(), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: a fault outside any DRF view."""
    return answer(errors.DomainError(), request)
