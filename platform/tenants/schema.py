"""How the OpenAPI document names the two ways to say who asks. Loaded when the app is ready; decides nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class KeyScheme(OpenApiAuthenticationExtension):
    """An API key as a bearer token."""

    target_class = "tenants.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The scheme's entry in the document."""
        return {"type": "http", "scheme": "bearer", "description": "An API key: `Bearer cns_live_...`"}


class SessionScheme(OpenApiAuthenticationExtension):
    """A signed-in member's cookie."""

    target_class = "tenants.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The scheme's entry in the document."""
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
