"""Doors of speakers."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from speakers.models import Speaker
from speakers.selectors import speaker_get, speaker_list
from speakers.serializers import LinkOut, SpeakerIn, SpeakerMade, SpeakerOut
from speakers.services import link_issue, speaker_create
from tenants.actor import Scope
from tenants.scoped import ScopedView


class SpeakersView(ScopedView, generics.GenericAPIView[Speaker]):
    """The tenant's speakers."""

    scopes: ClassVar = {"GET": Scope.SPEAKERS_READ, "POST": Scope.SPEAKERS_WRITE}
    serializer_class = SpeakerOut

    @extend_schema(responses=SpeakerOut(many=True))
    def get(self, request: Request) -> Response:
        """List them, newest first."""
        page = self.paginate_queryset(speaker_list(self.actor))
        return self.get_paginated_response(SpeakerOut(page, many=True).data)

    @extend_schema(request=SpeakerIn, responses={201: SpeakerMade})
    @idempotent
    def post(self, request: Request) -> Response:
        """Enrol a person. The answer holds the person's own link, this one time."""
        shape = SpeakerIn(data=request.data)
        shape.is_valid(raise_exception=True)
        speaker, link = speaker_create(actor=self.actor, **shape.validated_data)
        response = Response({**SpeakerOut(speaker).data, "link": link_url(link)}, status=201)
        response.subject_handle = speaker.key_handle  # type: ignore[attr-defined]  # read by api.idempotency
        return response


class SpeakerView(ScopedView):
    """One speaker."""

    scopes: ClassVar = {"GET": Scope.SPEAKERS_READ}

    @extend_schema(responses=SpeakerOut)
    def get(self, request: Request, speaker_id: UUID) -> Response:
        """Read it."""
        return Response(SpeakerOut(speaker_get(self.actor, speaker_id)).data)


class SpeakerLinksView(ScopedView):
    """A speaker's links."""

    scopes: ClassVar = {"POST": Scope.SPEAKERS_WRITE}

    @extend_schema(request=None, responses={201: LinkOut})
    def post(self, request: Request, speaker_id: UUID) -> Response:
        """Another link for the person, when the first was lost."""
        return Response({"url": link_url(link_issue(actor=self.actor, speaker_id=speaker_id))}, status=201)


def link_url(text: str) -> str:
    """The address of the person's own page."""
    return f"{settings.PUBLIC_URL}/speaker/{text}"
