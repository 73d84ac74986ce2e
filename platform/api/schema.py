"""The OpenAPI document's shared parts: every operation says which problems it answers."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class Problem(serializers.Serializer[Any]):
    """A problem document (RFC 9457)."""

    type = serializers.URLField(help_text="Leads to a page that says what the code means.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.SlugField()
    request_id = serializers.CharField(allow_null=True)


class StoredProblem(serializers.Serializer[Any]):
    """Why a job came to nothing: the code that a caller would have been told, kept on the job's row."""

    code = serializers.SlugField()
    detail = serializers.CharField()


_ALWAYS = {
    "400": "The request cannot be read",
    "401": "Nobody we know is asking",
    "403": "The answer is no",
    "405": "The address does not take that method",
    "406": "No such representation",
    "429": "A limit is used up",
    "500": "A fault on our side",
    "503": "A part that is needed does not answer",
}
_WITH_PATH = {"404": "Not there, or not yours", "410": "It has been destroyed"}
_WITH_BODY = {
    "409": "The state does not allow it",
    "413": "Too many bytes",
    "415": "This content type is not read here",
    "422": "A value is not valid",
}


class ProblemSchema(AutoSchema):
    """drf-spectacular's schema, with the problem answers that the one handler can give."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        answers = dict(_ALWAYS)
        if "{" in self.path:
            answers |= _WITH_PATH
        answers |= {"404": _WITH_PATH["404"], "410": _WITH_PATH["410"]}
        if self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            answers |= _WITH_BODY
        for status, text in (answers | {"422": _WITH_BODY["422"]}).items():
            if status not in found:
                response = OpenApiResponse(Problem, description=text)
                media = ["application/problem+json"]
                answer = self._get_response_for_code(response, status, media)  # type: ignore[no-untyped-call]  # theirs
                found[status] = answer
        return found
