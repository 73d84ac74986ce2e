"""Shapes of the tenancy API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from tenants.actor import PERSON_ONLY, Scope
from tenants.models import ApiKey, Member

KEY_SCOPES = sorted(scope.value for scope in Scope if scope not in PERSON_ONLY)


class ApiKeyIn(serializers.Serializer[Any]):
    """A key to be made."""

    label = serializers.CharField(max_length=80)  # type: ignore[assignment]  # a field of the body, not the form label
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=KEY_SCOPES), min_length=1)
    live = serializers.BooleanField(default=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class ApiKeyOut(serializers.ModelSerializer[ApiKey]):
    """A key as it is listed; its text is never shown again."""

    class Meta:
        model = ApiKey
        fields: tuple[str, ...] = ("id", "label", "hint", "scopes", "created_at", "expires_at", "revoked_at")


class ApiKeyMade(ApiKeyOut):
    """A key just made, with its text."""

    key = serializers.CharField(help_text="Shown this one time.")

    class Meta(ApiKeyOut.Meta):
        fields = (*ApiKeyOut.Meta.fields, "key")


class MemberOut(serializers.ModelSerializer[Member]):
    """A member of the organisation."""

    class Meta:
        model = Member
        fields = ("id", "name", "email", "role", "created_at", "disabled_at")


class WhoAmI(serializers.Serializer[Any]):
    """The caller as the API sees it."""

    tenant = serializers.UUIDField()
    kind = serializers.CharField()
    id = serializers.UUIDField(allow_null=True)
    role = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())
