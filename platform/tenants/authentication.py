"""How DRF learns who asks: an API key in the Authorization header, or a member's session.

Runs inside the request's transaction (ATOMIC_REQUESTS), because finding the actor sets the tenant
on it. A view that opens its own transactions calls ``tenant_scope(actor.tenant_id)`` itself.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from isolation.scope import in_transaction
from tenants.actor import Actor
from tenants.errors import KeyUnknown
from tenants.models import Member
from tenants.services import actor_of_key, actor_of_member, session_stamp

SESSION_KEYS = ("tenant", "member", "stamp")


class KeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer cns_live_...`` (or ``xi-api-key`` is left to its own issue)."""

    def authenticate(self, request: Request) -> tuple[Actor, str] | None:
        """The actor of the key, None when no key was sent.

        Raises:
            KeyUnknown: a key was sent and is not in force.
        """
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        with in_transaction():
            actor = actor_of_key(text.strip())
        if actor is None:
            raise KeyUnknown
        return actor, "key"

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return 'Bearer realm="consonant"'


class SessionAuthentication(BaseAuthentication):
    """A signed-in member's session cookie; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Actor, str] | None:
        """The member's actor, None when nobody is signed in."""
        actor = session_actor(request._request)
        if actor is None:
            return None
        check = CSRFCheck(lambda _: None)  # type: ignore[arg-type]  # DRF's own way to call Django's check
        check.process_request(request._request)
        reason = check.process_view(request._request, None, (), {})  # type: ignore[arg-type]  # it looks at no view
        if reason:
            raise PermissionDenied(f"CSRF check failed: {reason}")
        return actor, "session"


def session_open(request: HttpRequest, member: Member) -> None:
    """Sign `member` in on this browser; the session key is renewed so that a planted one is worthless."""
    request.session.cycle_key()
    request.session.update({"tenant": str(member.tenant_id), "member": str(member.pk), "stamp": session_stamp(member)})


def session_actor(request: HttpRequest) -> Actor | None:
    """The signed-in member's actor, None for anybody else."""
    tenant, member, stamp = (request.session.get(key) for key in SESSION_KEYS)
    if not (tenant and member and stamp):
        return None
    with in_transaction():
        return actor_of_member(UUID(tenant), UUID(member), stamp)
