"""The door for direct uploads in the embedded set-up; with S3 the bucket itself answers them."""

from __future__ import annotations

from django.db import transaction
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from problems.errors import NotFound
from storage.directory import DirectoryStore
from storage.errors import UploadRefused
from storage.objects import intake_store


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class UploadView(APIView):
    """PUT of the announced bytes to a signed address. The token in the address is the whole right."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = ()  # one token writes one object of a length that was agreed before
    parser_classes = ()

    @extend_schema(request={"application/octet-stream": OpenApiTypes.BINARY}, responses={204: None})
    def put(self, request: Request, token: str) -> Response:
        """Store one announced upload."""
        store = intake_store()
        if not isinstance(store, DirectoryStore):
            raise NotFound
        raw = request._request
        try:
            size = int(raw.headers.get("Content-Length", ""))
        except ValueError as error:
            raise UploadRefused("the length is not stated") from error
        store.accept_put(token, size=size, content_type=raw.headers.get("Content-Type", ""), read=raw.read)
        return Response(status=204)
