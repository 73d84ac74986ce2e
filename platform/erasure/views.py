"""Doors to erasures."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.idempotency import idempotent
from api.schema import Problem
from api.shapes import ShownList
from api.throttles import StrangerThrottle
from audit.signing import CERTIFICATE, signer_ensure
from erasure import selectors
from erasure.models import Erasure
from erasure.serializers import CertificateOut, ErasureOut
from erasure.services import erasure_request
from tenants.actor import Scope
from tenants.scoped import ScopedView


class ErasureRequestView(ScopedView):
    """Forget a person."""

    scopes: ClassVar[dict[str, Scope]] = {"POST": Scope.ERASURES_WRITE}

    @extend_schema(operation_id="erasures_create", request=None, responses={202: ErasureOut})
    @idempotent
    def post(self, request: Request, speaker: UUID) -> Response:
        """Begin the erasure of a speaker. Use stops with this answer; destruction follows as a job."""
        erasure = erasure_request(actor=self.actor, speaker_id=speaker)
        headers = {"Location": f"/v1/erasures/{erasure.pk}"}
        return Response(ErasureOut(erasure).data, status=202, headers=headers)


class ErasureListView(ScopedView, ShownList[Erasure]):
    """The tenant's erasures."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.ERASURES_READ}
    serializer_class = ErasureOut

    def get_queryset(self) -> QuerySet[Erasure]:
        """Row-level security holds this to the tenant as well."""
        if getattr(self, "swagger_fake_view", False):
            return Erasure.objects.none()
        return selectors.erasures_of(self.actor)

    @extend_schema(operation_id="erasures_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Every erasure, newest first."""
        return super().get(request, *args, **kwargs)


class ErasureView(ScopedView):
    """One erasure."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.ERASURES_READ}

    @extend_schema(operation_id="erasures_retrieve", responses={200: ErasureOut})
    def get(self, request: Request, erasure: UUID) -> Response:
        """How far an erasure is, and what each step has destroyed."""
        return Response(ErasureOut(selectors.erasure_get(self.actor, erasure)).data)


class CertificateView(ScopedView):
    """The certificate of an erasure."""

    scopes: ClassVar[dict[str, Scope]] = {"GET": Scope.ERASURES_READ}

    @extend_schema(
        operation_id="erasures_certificate",
        responses={
            200: CertificateOut,
            (409, "application/problem+json"): OpenApiResponse(Problem, "The certificate is not ready yet"),
        },
    )
    def get(self, request: Request, erasure: UUID) -> Response:
        """The signed certificate with the proof that it stands in the log; checked offline."""
        return Response(selectors.certificate_document(selectors.erasure_get(self.actor, erasure)))


class CertificateKeyView(APIView):
    """The key that certificates are signed with."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = (StrangerThrottle,)

    @extend_schema(operation_id="log_certificate_key", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """The public key to give to `python -m erasure.certificate --key`."""
        key = signer_ensure(CERTIFICATE).verifier
        return HttpResponse(f"{key}\n", content_type="text/plain; charset=utf-8")
