"""Doors of exports. A voice leaves only in a named person's hands: service keys are refused."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from api.shapes import ShownList
from consent.rules import Use
from synthesis.exports.models import Export
from synthesis.exports.selectors import export_get, export_list
from synthesis.exports.serializers import ExportFilter, ExportIn, ExportOut
from synthesis.exports.services import export_cancel, export_download, export_request
from tenants.actor import Scope
from tenants.scoped import ScopedView
from voices.views import AnyAccept


class ExportsView(ScopedView, ShownList[Export]):
    """The tenant's exports, and the door for a new one."""

    scopes: ClassVar = {"GET": Scope.VOICES_READ, "POST": Scope.VOICES_EXPORT}
    serializer_class = ExportOut
    filterset_class = ExportFilter

    def get_queryset(self) -> Any:
        """The tenant's own; empty while the API document is drawn up."""
        if getattr(self, "swagger_fake_view", False):
            return Export.objects.none()
        return export_list(self.actor)

    @extend_schema(request=ExportIn, responses={202: ExportOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Write a version of a voice out as one file that speaks without us."""
        asked = ExportIn(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        export = export_request(
            actor=self.actor,
            version_id=given["voice_version"],
            consent_id=given.get("consent"),
            use=Use(**given["use"], act="export"),
            precision=given["precision"],
        )
        response = _about(export, 202)
        response.headers["Location"] = f"/v1/exports/{export.pk}"
        return response


class ExportView(ScopedView):
    """One export."""

    scopes: ClassVar = {"GET": Scope.VOICES_READ}

    @extend_schema(responses=ExportOut)
    def get(self, request: Request, export_id: UUID) -> Response:
        """Where it stands: state, progress, and the problem's code when it failed."""
        return Response(ExportOut(export_get(self.actor, export_id)).data)


class ExportCancelView(ScopedView):
    """Stop one export."""

    scopes: ClassVar = {"POST": Scope.VOICES_EXPORT}

    @extend_schema(request=None, responses={200: ExportOut})
    @idempotent
    def post(self, request: Request, export_id: UUID) -> Response:
        """Stop it: at once while it waits, within seconds while it runs."""
        return _about(export_cancel(actor=self.actor, export_id=export_id), 200)


class ExportFileView(ScopedView):
    """The file of one export; through the API, so that a withdrawal stops it."""

    content_negotiation_class = AnyAccept
    scopes: ClassVar = {"GET": Scope.VOICES_EXPORT}

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, export_id: UUID) -> HttpResponse:
        """The released file; the consent is asked again, and the download is on the log."""
        bundle = export_download(actor=self.actor, export_id=export_id)
        headers = {
            "ETag": f'"{bundle.sha256}"',
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="voice-{export_id}.zip"',
        }
        return HttpResponse(bundle.data, content_type="application/zip", headers=headers)


def _about(export: Export, status: int) -> Response:
    """An answer that speaks of a person: a stored copy of it is sealed under that person's key."""
    response = Response(ExportOut(export).data, status=status)
    response.subject_handle = export.subject_handle  # type: ignore[attr-defined]  # read by api.idempotency
    return response
