"""Every view says which scope each method needs; this checks it.

Loaded by DRF while it loads its own views, so nothing here may import those (``tenants.scoped`` may).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from problems.errors import Unauthenticated
from tenants.actor import PERSON_ONLY, Actor
from tenants.errors import PersonNeeded, ScopeMissing

if TYPE_CHECKING:
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Allows a method when the actor holds the scope the view names for it in ``scopes``.

    A view without an entry for the method is refused: forgetting is safe.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True, or the domain's own refusal.

        Raises:
            Unauthenticated, PersonNeeded, ScopeMissing.
        """
        actor = request.user
        if not isinstance(actor, Actor):
            raise Unauthenticated
        needed = getattr(view, "scopes", {}).get(request.method)
        if needed is None:
            raise ScopeMissing(needed="none given to anybody")
        if actor.may(needed):
            return True
        if needed in PERSON_ONLY and not actor.is_person:
            raise PersonNeeded(needed=str(needed))
        raise ScopeMissing(needed=str(needed))


class IsKnown(BasePermission):
    """Allows any actor, whatever its scopes."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """True for an actor.

        Raises:
            Unauthenticated: nobody we know.
        """
        if not isinstance(request.user, Actor):
            raise Unauthenticated
        return True
