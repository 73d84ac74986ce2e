"""The door of conversions. What comes of one is a synthesis: it is asked after, stopped and fetched as such."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar, cast

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.idempotency import idempotent
from consent.rules import Use
from synthesis.conversions.serializers import ConversionIn
from synthesis.conversions.services import conversion_request
from synthesis.conversions.source import SOURCE_LIMITS
from synthesis.serializers import SynthesisOut
from synthesis.services import Order
from synthesis.views import accepted
from tenants.actor import Scope
from tenants.scoped import ScopedView
from watermark.views import ClipDoor


class ConversionsView(ClipDoor, ScopedView):
    """Speech in, the same words in a consented voice out."""

    scopes: ClassVar = {"POST": Scope.SYNTHESES_WRITE}
    clip_bytes: ClassVar[int] = SOURCE_LIMITS.file_bytes

    @extend_schema(request={"multipart/form-data": ConversionIn}, responses={202: SynthesisOut})
    @idempotent
    def post(self, request: Request) -> Response:
        """Say a recording in a voice, with the timing and the melody of whoever spoke.

        The answer is a synthesis, at `/v1/syntheses/{id}` as any other. The recording is judged when a worker takes
        it: one that is unusable, says other words than its transcript, or carries our own mark ends it there.
        """
        asked = ConversionIn(data=_fields(request))
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        synthesis = conversion_request(
            actor=self.actor,
            version_id=given["voice_version"],
            consent_id=given.get("consent"),
            use=Use(**given["use"], act="synthesise"),
            order=Order(given["transcript"], format=given["format"], seed=given["seed"]),
            recording=given["clip"].read(),
        )
        return accepted(SynthesisOut(synthesis).data, synthesis, f"/v1/syntheses/{synthesis.pk}")


def _fields(request: Request) -> dict[str, Any]:
    """The form's parts; `use` is an object, which a form carries as JSON (OpenAPI 3.1, "Encoding Object")."""
    form = cast("Mapping[str, Any]", request.data)
    fields = {name: form[name] for name in form}
    with suppress(ValueError, TypeError, RecursionError):  # what is no JSON is refused by the serializer
        fields["use"] = json.loads(fields.get("use", ""))
    return fields
