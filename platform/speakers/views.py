"""Doors of the tenant to its speakers. The speaker's own doors stand in ``consent.own``."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.shapes import shown
from speakers.models import Speaker
from speakers.selectors import speaker_get, speaker_list
from speakers.serializers import SpeakerAdded, SpeakerIn, SpeakerLinkOut, SpeakerOut, link_url
from speakers.services import speaker_add, speaker_link_issue
from tenants.actor import Scope
from tenants.scoped import ScopedView


class SpeakerListView(ScopedView, generics.GenericAPIView[Speaker]):
    """The tenant's speakers."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.SPEAKERS_READ, "POST": Scope.SPEAKERS_WRITE}
    serializer_class = SpeakerOut
    queryset = Speaker.objects.none()  # for the OpenAPI document: which model the list is of

    @extend_schema(operation_id="speakers_list", responses=SpeakerOut(many=True))
    def get(self, request: Request) -> Response:
        """List the speakers, newest first."""
        page = self.paginate_queryset(speaker_list(self.actor))
        return self.get_paginated_response(SpeakerOut(page, many=True).data)

    @extend_schema(operation_id="speakers_create", request=SpeakerIn, responses={201: SpeakerAdded})
    @idempotent
    def post(self, request: Request) -> Response:
        """Add a person. The answer holds the person's own link, this one time."""
        shape = SpeakerIn(data=request.data)
        shape.is_valid(raise_exception=True)
        speaker, token = speaker_add(actor=self.actor, **shape.validated_data)
        body = {**SpeakerOut(speaker).data, "link": link_url(token)}
        response = Response(body, status=201, headers={"Location": f"/v1/speakers/{speaker.pk}"})
        response.subject_handle = speaker.key_handle  # type: ignore[attr-defined]  # read by api.idempotency
        return response


class SpeakerView(ScopedView):
    """One speaker."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.SPEAKERS_READ}

    @extend_schema(operation_id="speakers_retrieve", responses=SpeakerOut)
    def get(self, request: Request, speaker_id: UUID) -> Response:
        """Read it; 410 once the person was erased."""
        return Response(shown(SpeakerOut, speaker_get(self.actor, speaker_id)))


class SpeakerLinkView(ScopedView):
    """The links of a speaker."""

    scopes: ClassVar[dict[str, Scope]] = {"POST": Scope.SPEAKERS_WRITE}

    @extend_schema(operation_id="speakers_link", request=None, responses={201: SpeakerLinkOut})
    @idempotent
    def post(self, request: Request, speaker_id: UUID) -> Response:
        """Make another link for the person; the ones before stay good."""
        speaker = speaker_get(self.actor, speaker_id)
        token = speaker_link_issue(actor=self.actor, speaker_id=speaker.pk)
        response = Response({"link": link_url(token)}, status=201)
        response.subject_handle = speaker.key_handle  # type: ignore[attr-defined]  # read by api.idempotency
        return response
