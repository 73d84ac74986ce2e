"""Doors to the log: the public files that anybody may check, and a tenant's own acts with their proofs.

Tenants stand above this package, so the tenant's doors name their scope as text and leave the rest
to the default permission (`tenants.permissions.HasScope`).
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.schema import Problem
from api.throttles import StrangerThrottle
from audit import selectors, tiles
from audit.errors import LogFileNotFound
from audit.models import AuditDetail
from audit.published import Published
from audit.serializers import BundleOut, LogEntryOut, ProofQuery

FOR_EVER = "public, max-age=31536000, immutable"


class MonitorThrottle(StrangerThrottle):
    """Whoever follows the log fetches many small files; they are static and cheap."""

    scope = "monitor"
    rate = "1200/min"


class PublicLogView(APIView):
    """A file of the log: no account, no secrets, static bytes."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = (MonitorThrottle,)


class CheckpointView(PublicLogView):
    """The signed head."""

    @extend_schema(operation_id="log_checkpoint", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """The newest signed checkpoint, in the form of c2sp.org/tlog-checkpoint."""
        head = selectors.head_now()
        if head is None:
            raise LogFileNotFound
        return _text(head.checkpoint)


class VerifierView(PublicLogView):
    """The log's public key."""

    @extend_schema(operation_id="log_key", responses={(200, "text/plain"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """The key to give to `python -m audit.verify --key`; compare it with one got elsewhere."""
        key = selectors.verifier_now()
        if key is None:
            raise LogFileNotFound
        return _text(f"{key}\n")


class TileView(PublicLogView):
    """Tiles and entry bundles."""

    @extend_schema(
        operation_id="log_tile",
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, "A tile or entry bundle")},
    )
    def get(self, request: Request, path: str) -> HttpResponse:
        """A file of the tree, in the form of c2sp.org/tlog-tiles; it never changes."""
        try:
            tile = tiles.parse_path(f"tile/{path}")
        except tiles.TileRefused as error:
            raise LogFileNotFound from error
        head = selectors.checkpoint_now()
        # Beyond the signed head nothing is public yet, though a file may stand there already.
        if head is None or tile.width > tiles.width_at(head.size, tile.level or 0, tile.index):
            raise LogFileNotFound
        headers = {"Cache-Control": FOR_EVER}
        return HttpResponse(Published().read(tile), content_type="application/octet-stream", headers=headers)


class EntryFilter(filters.FilterSet):
    """Which acts to list."""

    class Meta:
        model = AuditDetail
        fields: ClassVar[dict[str, list[str]]] = {
            "event": ["exact"],
            "object_id": ["exact"],
            "actor": ["exact"],
            "at": ["gte", "lt"],
        }


class EntryListView(ListAPIView[AuditDetail]):
    """The tenant's own acts."""

    scopes: ClassVar[dict[str, str]] = {"GET": "log:read"}
    serializer_class = LogEntryOut
    filterset_class = EntryFilter

    def get_queryset(self) -> QuerySet[AuditDetail]:
        """Row-level security holds this to the tenant as well."""
        if getattr(self, "swagger_fake_view", False):
            return AuditDetail.objects.none()
        return selectors.details_of(_tenant(self.request))

    @extend_schema(operation_id="log_entries_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Everything governed that was done for the tenant, newest first, with its place in the log."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {"indices": selectors.indices_of([row.pk for row in page])}
        return self.get_paginated_response(LogEntryOut(page, many=True, context=context).data)


class EntryView(APIView):
    """One act."""

    scopes: ClassVar[dict[str, str]] = {"GET": "log:read"}

    @extend_schema(operation_id="log_entries_retrieve", responses={200: LogEntryOut})
    def get(self, request: Request, entry: UUID) -> Response:
        """One of the tenant's acts."""
        row = selectors.detail_get(_tenant(request), entry)
        return Response(LogEntryOut(row, context={"indices": selectors.indices_of([row.pk])}).data)


class ProofView(APIView):
    """The proof of one act."""

    scopes: ClassVar[dict[str, str]] = {"GET": "log:read"}

    @extend_schema(
        operation_id="log_proofs_retrieve",
        parameters=[ProofQuery],
        responses={
            200: BundleOut,
            (409, "application/problem+json"): OpenApiResponse(Problem, "No signed checkpoint holds the entry yet"),
        },
    )
    def get(self, request: Request, entry: UUID) -> Response:
        """The proof bundle of an act: it can be handed to anybody and checked offline."""
        query = ProofQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        row = selectors.detail_get(_tenant(request), entry)
        opened = selectors.disclosure_of(row) if query.validated_data["disclose"] else None
        bundle = selectors.bundle_of(row.pk, since=query.validated_data.get("since"), disclosure=opened)
        return Response(bundle.to_json())


class Asker(Protocol):
    """What is needed of `tenants.actor.Actor`, which stands above this package."""

    tenant_id: UUID


def _tenant(request: Request) -> UUID:
    return cast(Asker, request.user).tenant_id


def _text(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-cache"})
