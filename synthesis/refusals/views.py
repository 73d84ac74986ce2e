"""Doors of the do-not-clone list, for a tenant's compliance officer."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from api.shapes import ShownList
from synthesis.refusals.models import DoNotClone
from synthesis.refusals.selectors import refusal_list
from synthesis.refusals.serializers import DoNotCloneIn, DoNotCloneOut
from synthesis.refusals.services import reference_read, refusal_add, refusal_remove
from tenants.actor import Scope
from tenants.scoped import ScopedView


class RefusalsView(ScopedView, ShownList[DoNotClone]):
    """The tenant's entries, and the door for a new one."""

    scopes: ClassVar = {"GET": Scope.VOICES_READ, "POST": Scope.REFUSALS_WRITE}
    serializer_class = DoNotCloneOut
    parser_classes = (MultiPartParser,)

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return DoNotClone.objects.none()
        return refusal_list(self.actor)

    @extend_schema(request=DoNotCloneIn, responses={201: DoNotCloneOut})
    def post(self, request: Request) -> Response:
        """Put somebody on the list; binding for this organisation at once, for all when the operator agrees."""
        asked = DoNotCloneIn(data=request.data)
        asked.is_valid(raise_exception=True)
        clip = reference_read(asked.validated_data["clip"].read())
        return Response(DoNotCloneOut(refusal_add(clip=clip, actor=self.actor)).data, status=201)


class RefusalView(ScopedView):
    """One entry."""

    scopes: ClassVar = {"DELETE": Scope.REFUSALS_WRITE}

    @extend_schema(responses={204: None})
    def delete(self, request: Request, refusal_id: UUID) -> Response:
        """Take it off the list and destroy the reference."""
        refusal_remove(actor=self.actor, refusal_id=refusal_id)
        return Response(status=204)
