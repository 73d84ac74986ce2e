"""Doors of fine-tunes and syntheses."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.shapes import ShownList, checked, shown
from consent.rules import Use
from isolation.scope import tenant_scope
from problems.errors import DomainError
from synthesis.models import FineTune, GovernedJob, Synthesis
from synthesis.selectors import finetune_get, finetune_list, synthesis_get, synthesis_list
from synthesis.serializers import (
    FineTuneFilter,
    FineTuneIn,
    FineTuneOut,
    SynthesisFilter,
    SynthesisIn,
    SynthesisOut,
)
from synthesis.services import (
    Order,
    finetune_cancel,
    finetune_request,
    synthesis_cancel,
    synthesis_download,
    synthesis_request,
)
from tenants.actor import Actor, Scope
from tenants.scoped import ScopedView
from work.models import FINAL

EVENTS_MOST_S = 30.0  # a listener holds a thread of the server; it asks again after that
_LOOK_S = 0.25
_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)


class SynthesesView(ScopedView, ShownList[Synthesis]):
    """The tenant's syntheses, and the door for a new one."""

    scopes = {"GET": Scope.SYNTHESES_READ, "POST": Scope.SYNTHESES_WRITE}
    serializer_class = SynthesisOut
    filterset_class = SynthesisFilter

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return Synthesis.objects.none()
        return synthesis_list(self.actor)

    @extend_schema(request=SynthesisIn, responses={202: SynthesisOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask for a text to be spoken for a declared use."""
        given = checked(SynthesisIn, request.data)
        synthesis = synthesis_request(
            actor=self.actor,
            version_id=given.pop("voice_version"),
            consent_id=given.pop("consent", None),
            use=Use(**given.pop("use"), act="synthesise"),
            order=Order(**given),
        )
        return accepted(shown(SynthesisOut, synthesis), synthesis, f"/v1/syntheses/{synthesis.pk}")


class SynthesisView(ScopedView):
    """One synthesis."""

    scopes = {"GET": Scope.SYNTHESES_READ}

    @extend_schema(
        responses={200: SynthesisOut, 304: OpenApiResponse(description="Unchanged")}, parameters=[_NONE_MATCH]
    )
    def get(self, request: Request, synthesis_id: UUID) -> HttpResponse:
        """Where it stands: state, progress, and the problem's code when it failed."""
        return _tagged(request, shown(SynthesisOut, synthesis_get(self.actor, synthesis_id)))


class SynthesisCancelView(ScopedView):
    """Stop one synthesis."""

    scopes = {"POST": Scope.SYNTHESES_WRITE}

    @extend_schema(request=None, responses={200: SynthesisOut})
    @idempotent
    def post(self, request: Request, synthesis_id: UUID) -> Response:
        """Stop it: at once while it waits, within seconds while it runs."""
        synthesis = synthesis_cancel(actor=self.actor, synthesis_id=synthesis_id)
        response = Response(shown(SynthesisOut, synthesis))
        response.subject_handle = synthesis.subject_handle  # type: ignore[attr-defined]  # read by api.idempotency
        return response


class _AnyAccept(BaseContentNegotiation):
    """For doors that answer with bytes of their own: what the client would take is not asked, problems are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The first, whatever comes."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first, whatever is accepted."""
        return renderers[0], renderers[0].media_type


class SynthesisAudioView(ScopedView):
    """The sound of one synthesis; through the API, so that a withdrawal stops it."""

    content_negotiation_class = _AnyAccept
    scopes = {"GET": Scope.SYNTHESES_READ}

    @extend_schema(
        responses={(200, "audio/*"): OpenApiTypes.BINARY, 304: OpenApiResponse(description="You have it already")},
        parameters=[_NONE_MATCH],
    )
    def get(self, request: Request, synthesis_id: UUID) -> HttpResponse:
        """The released bytes; the consent is asked again for every download."""
        sound = synthesis_download(actor=self.actor, synthesis_id=synthesis_id, has_sha256=_tags(request))
        headers = {
            "ETag": f'"{sound.sha256}"',
            # Never from a cache without asking us: a withdrawal has to stop the next listener.
            "Cache-Control": "private, no-cache",
            "Content-Disposition": f'attachment; filename="{synthesis_id}{sound.suffix}"',
        }
        if sound.data is None:
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(sound.data, content_type=sound.media_type, headers=headers)


class SynthesisEventsView(ScopedView):
    """Progress of one synthesis as server-sent events."""

    content_negotiation_class = _AnyAccept
    scopes = {"GET": Scope.SYNTHESES_READ}

    @extend_schema(responses={(200, "text/event-stream"): OpenApiTypes.STR})
    def get(self, request: Request, synthesis_id: UUID) -> HttpResponseBase:
        """One event per change, until the job has ended or half a minute is over; the client then asks again."""
        synthesis_get(self.actor, synthesis_id)
        return _events(self.actor, synthesis_id)


class FineTunesView(ScopedView, ShownList[FineTune]):
    """The tenant's fine-tunes, and the door for a new one."""

    scopes = {"GET": Scope.VOICES_READ, "POST": Scope.VOICES_WRITE}
    serializer_class = FineTuneOut
    filterset_class = FineTuneFilter

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return FineTune.objects.none()
        return finetune_list(self.actor)

    @extend_schema(request=FineTuneIn, responses={202: FineTuneOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a new version of a voice from its recordings."""
        asked = FineTuneIn(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        tune = finetune_request(
            actor=self.actor,
            voice_id=given["voice"],
            consent_id=given.get("consent"),
            kind=given["kind"],
            recordings=given["recordings"],
            seed=given["seed"],
        )
        return accepted(shown(FineTuneOut, tune), tune, f"/v1/finetunes/{tune.pk}")


class FineTuneView(ScopedView):
    """One fine-tune."""

    scopes = {"GET": Scope.VOICES_READ}

    @extend_schema(
        responses={200: FineTuneOut, 304: OpenApiResponse(description="Unchanged")}, parameters=[_NONE_MATCH]
    )
    def get(self, request: Request, finetune_id: UUID) -> HttpResponse:
        """Where it stands, and the version once it is done."""
        return _tagged(request, shown(FineTuneOut, finetune_get(self.actor, finetune_id)))


class FineTuneCancelView(ScopedView):
    """Stop one fine-tune."""

    scopes = {"POST": Scope.VOICES_WRITE}

    @extend_schema(request=None, responses={200: FineTuneOut})
    @idempotent
    def post(self, request: Request, finetune_id: UUID) -> Response:
        """Stop it: at once while it waits, within seconds while it runs."""
        tune = finetune_cancel(actor=self.actor, finetune_id=finetune_id)
        response = Response(shown(FineTuneOut, tune))
        response.subject_handle = tune.subject_handle  # type: ignore[attr-defined]  # read by api.idempotency
        return response


def accepted(body: Any, job: GovernedJob, location: str) -> Response:
    """202, with the place where the job is asked after; a stored copy is sealed under the person's key."""
    response = Response(body, status=202, headers={"Location": location, "Retry-After": "1"})
    response.subject_handle = job.subject_handle  # type: ignore[attr-defined]  # read by api.idempotency
    return response


def _tags(request: Request) -> frozenset[str]:
    """The entity tags of If-None-Match (RFC 9110 section 13.1.2), without their quotes."""
    named = request.headers.get("If-None-Match", "").split(",")
    return frozenset(tag.strip().removeprefix("W/").strip('"') for tag in named if tag.strip())


def _tagged(request: Request, body: Any) -> HttpResponse:
    """`body` as JSON with an ETag over it; 304 when the caller has exactly that."""
    text = JSONRenderer().render(body)
    tag = hashlib.sha256(text).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if tag in _tags(request):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(text, content_type="application/json", headers=headers)


def _events(actor: Actor, synthesis_id: UUID) -> StreamingHttpResponse:
    response = StreamingHttpResponse(_told(actor, synthesis_id), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _told(actor: Actor, synthesis_id: UUID) -> Iterator[bytes]:
    """Look until there is nothing more to tell; each look is a short transaction of its own."""
    until, before = time.monotonic() + EVENTS_MOST_S, ""
    while time.monotonic() < until:
        try:
            with tenant_scope(actor.tenant_id):
                row = synthesis_get(actor, synthesis_id)
        except DomainError as gone:
            yield _event("problem", {"code": gone.code, "title": gone.title})
            return
        news = {"state": row.state, "stage": row.stage, "progress": row.progress, "problem": row.problem_code or None}
        if (text := json.dumps(news)) != before:
            before = text
            yield _event("progress", news)
        if row.state in FINAL:
            return
        time.sleep(_LOOK_S)


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
