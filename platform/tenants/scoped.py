"""The base of every view that belongs to a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.views import APIView

from problems.errors import Unauthenticated
from tenants.actor import Actor, Scope
from tenants.permissions import HasScope


class ScopedView(APIView):
    """The base of every tenant view: scopes per method, HasScope, the shared throttle."""

    permission_classes: Sequence[type[BasePermission]] = (HasScope,)
    scopes: ClassVar[dict[str, Scope]] = {}

    @property
    def actor(self) -> Actor:
        """Who asks; present because HasScope has passed."""
        actor = self.request.user
        if not isinstance(actor, Actor):
            raise Unauthenticated
        return actor
