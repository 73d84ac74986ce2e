"""Doors for clips. They open their own transactions: none is open while a clip is decoded or searched."""

from __future__ import annotations

import re
import time
from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import idempotent
from api.pressure import resting
from api.shapes import ShownList
from api.throttles import StrangerThrottle
from isolation.scope import tenant_scope
from problems.errors import TooLarge
from tenants.actor import Scope
from tenants.scoped import ScopedView
from watermark.errors import NoClip
from watermark.jobs import CLIP_LIMITS
from watermark.models import Verification
from watermark.selectors import verification_get, verification_list
from watermark.serializers import STATEMENT, ClipIn, DetectOut, VerificationOut, VerificationRow, layers
from watermark.services import (
    STRANGER_LIMITS,
    Examined,
    attribution_tell,
    clip_examine,
    clip_judge,
    verification_request,
)
from work.models import FINAL

WAIT_MOST_S = 20
_WAIT = re.compile(r"\bwait=(\d{1,4})\b")
_POLL_S = 0.25
_FORM_BYTES = 64 * 1024  # what a form may weigh beside its clip


class ClipDoor(APIView):
    """Takes one clip as multipart/form-data, whole in memory: a clip is never written to a file in clear."""

    parser_classes = (MultiPartParser,)
    clip_bytes: ClassVar[int] = CLIP_LIMITS.file_bytes

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse by the declared length, then read the body once: the idempotency fingerprint is taken of it.

        Raises:
            TooLarge: more than this door takes.
        """
        if int(request._request.META.get("CONTENT_LENGTH") or 0) > self.clip_bytes + _FORM_BYTES:
            raise TooLarge(limit_bytes=self.clip_bytes)
        _ = request._request.body
        super().initial(request, *args, **kwargs)

    def clip(self, request: Request) -> bytes:
        """The bytes of the part `clip`.

        Raises:
            NoClip: there is none.
        """
        upload = request.FILES.get("clip")
        if upload is None:
            raise NoClip()
        data: bytes = upload.read()
        return data


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class VerificationsView(ClipDoor, ScopedView, ShownList[Verification]):
    """The tenant's verifications, and the door for a new one."""

    scopes = {"GET": Scope.VERIFICATIONS_READ, "POST": Scope.VERIFICATIONS_WRITE}
    serializer_class = VerificationRow
    filterset_fields = ("state", "verdict", "clip_sha256")

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return Verification.objects.none()
        return verification_list(self.actor)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List verifications, newest first."""
        with tenant_scope(self.actor.tenant_id):
            return self.list(request, *args, **kwargs)

    @extend_schema(
        request={"multipart/form-data": ClipIn},
        responses={200: VerificationOut, 202: VerificationOut},
        parameters=[OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, description="wait=N, at most 20 seconds")],
    )
    def post(self, request: Request) -> HttpResponse:
        """Ask whether a clip is ours: 200 with the verdict, or 202 while the full search goes on."""
        examined = clip_examine(self.clip(request))
        with tenant_scope(self.actor.tenant_id):
            response = self._record(request, examined)
        waited_s = _preferred_wait(request)
        if response.status_code == 202 and waited_s:
            return _when_answered(self, response, waited_s)
        return response

    @idempotent
    def _record(self, request: Request, examined: Examined) -> Response:
        verification = verification_request(actor=self.actor, examined=examined)
        return _told(self, verification)


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class VerificationView(ScopedView):
    """One verification."""

    scopes = {"GET": Scope.VERIFICATIONS_READ}

    @extend_schema(responses={200: VerificationOut})
    def get(self, request: Request, verification_id: UUID) -> Response:
        """The verdict, once there is one, and what stands behind the marks for those who may know."""
        with tenant_scope(self.actor.tenant_id):
            response = _told(self, verification_get(self.actor, verification_id))
        response.status_code = 200
        return response


def _told(view: ScopedView, verification: Verification) -> Response:
    """The answer for this actor: 200 when final, else 202 with where to look again."""
    body = VerificationRow(verification).data
    body["attribution"] = attribution_tell(actor=view.actor, verification=verification)
    if verification.state in FINAL:
        return Response(body)
    return Response(body, status=202, headers={"Location": f"/v1/verifications/{verification.pk}", "Retry-After": "2"})


def _preferred_wait(request: Request) -> int:
    """Seconds of ``Prefer: wait=N`` (RFC 7240), held to what one request may take."""
    found = _WAIT.search(request.headers.get("Prefer", ""))
    return min(int(found.group(1)), WAIT_MOST_S) if found else 0


def _when_answered(view: ScopedView, response: Any, wait_s: int) -> Any:
    """Look again until the search has ended or the time is over; between looks no connection is held busy."""
    verification_id = UUID(response.headers["Location"].rsplit("/", 1)[1])
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        with tenant_scope(view.actor.tenant_id):
            verification = verification_get(view.actor, verification_id)
            if verification.state in FINAL:
                return _told(view, verification)
        with resting(view.request):
            time.sleep(_POLL_S)
    return response


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class DetectView(ClipDoor):
    """The free door: anybody may ask whether a clip is ours."""

    clip_bytes = STRANGER_LIMITS.file_bytes
    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = (StrangerThrottle,)

    @extend_schema(request={"multipart/form-data": ClipIn}, responses={200: DetectOut})
    def post(self, request: Request) -> Response:
        """A verdict and the layers that were found; no score, no name, and the clip is not kept."""
        verdict = clip_judge(self.clip(request))
        return Response({"verdict": verdict, "layers": layers(verdict), "statement": STATEMENT})
