"""One request, one effect (draft-ietf-httpapi-idempotency-key-header).

The unique key is inserted before the work, in the work's own transaction (insert first: looking
first made 1,248 effects of 100 keys when tried). The answer's bytes are stored in that
transaction too, so effect and reply stand or fall together, and a replay is byte for byte the same.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.utils.module_loading import import_string
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.errors import IdempotencyBusy, IdempotencyGone, IdempotencyKeyInvalid, IdempotencyMismatch
from api.models import IdempotentReply

HEADER = "Idempotency-Key"


class ReplySealer(Protocol):
    """Seals stored replies; settings.REPLY_SEALER names the class that answers."""

    def seal(self, *, tenant_id: UUID, handle: str, object_id: UUID, body: bytes) -> bytes:
        """Ciphertext of `body` under the key `handle` (the tenant's own when empty)."""

    def open(self, *, tenant_id: UUID, handle: str, object_id: UUID, sealed: bytes) -> bytes:
        """The body again; raises a Gone error when the key has been shredded."""


def idempotent(method: Callable[..., Response]) -> Callable[..., Response | HttpResponse]:
    """Make a view's POST honour the Idempotency-Key header.

    The view may set ``response.subject_handle`` to seal the stored reply under a person's key.
    Works only inside the request's transaction (ATOMIC_REQUESTS).
    """

    @functools.wraps(method)
    def once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response | HttpResponse:
        key = request.headers.get(HEADER)
        if key is None:
            return method(view, request, *args, **kwargs)
        actor: Any = request.user  # an Actor; its package stands above this one
        tenant_id: UUID = actor.tenant_id
        reply = _claim(tenant_id, key, _fingerprint(request))
        if reply.status:
            return _replay(reply)
        return _store(reply, method(view, request, *args, **kwargs))

    return once


def _claim(tenant_id: UUID, key: str, fingerprint: bytes) -> IdempotentReply:
    if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise IdempotencyKeyInvalid
    reply = IdempotentReply(tenant_id=tenant_id, key=key, fingerprint=fingerprint)
    if _inserted(reply):
        return reply
    stored = IdempotentReply.objects.filter(tenant_id=tenant_id, key=key).first()
    if stored is None:
        raise IdempotencyBusy
    if bytes(stored.fingerprint) != fingerprint:
        raise IdempotencyMismatch
    return stored


def _inserted(reply: IdempotentReply) -> bool:
    """Insert the key unless it is there or a twin is at it; one statement, because every POST pays for it.

    A running twin holds the lock until its transaction ends: without it we would wait on the index instead of
    saying so at once.
    """
    lock = int.from_bytes(hashlib.sha256(f"{reply.tenant_id}{reply.key}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO api_idempotentreply
                   (id, tenant_id, created_at, key, fingerprint, status, headers, handle, sealed_body)
            SELECT %s, %s, now(), %s, %s, 0, '{}', '', '' WHERE pg_try_advisory_xact_lock(%s)
            ON CONFLICT (tenant_id, key) DO NOTHING RETURNING created_at
            """,
            [reply.pk, reply.tenant_id, reply.key, bytes(reply.fingerprint), lock],
        )
        row = cursor.fetchone()
    if row is not None:
        reply.created_at = row[0]
    return row is not None


def _fingerprint(request: Request) -> bytes:
    raw = request._request
    head = f"{raw.method} {raw.get_full_path()}\n".encode()
    return hashlib.sha256(head + raw.body).digest()


def _store(reply: IdempotentReply, response: Response) -> HttpResponse:
    body = JSONRenderer().render(response.data)
    reply.status = response.status_code
    reply.headers = {name: value for name, value in response.headers.items() if name in {"Location", "Retry-After"}}
    reply.handle = getattr(response, "subject_handle", "")
    reply.sealed_body = _sealer().seal(tenant_id=reply.tenant_id, handle=reply.handle, object_id=reply.pk, body=body)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE api_idempotentreply SET status = %s, headers = %s, handle = %s, sealed_body = %s WHERE id = %s",
            [reply.status, json.dumps(reply.headers), reply.handle, reply.sealed_body, reply.pk],
        )
        if cursor.rowcount != 1:
            raise RuntimeError("the claimed key is not there any more")
    return _answer(reply, body)


def _replay(reply: IdempotentReply) -> HttpResponse:
    if not reply.sealed_body:
        raise IdempotencyGone
    body = _sealer().open(
        tenant_id=reply.tenant_id, handle=reply.handle, object_id=reply.pk, sealed=bytes(reply.sealed_body)
    )
    return _answer(reply, body)


def _answer(reply: IdempotentReply, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=reply.status, content_type="application/json", headers=reply.headers)


def _sealer() -> ReplySealer:
    sealer: ReplySealer = import_string(settings.REPLY_SEALER)()
    return sealer
