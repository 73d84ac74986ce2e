"""Shapes of the tenancy API."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from tenants.actor import PERSON_ONLY, Role, Scope
from tenants.models import ApiKey, Invitation, Member

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


class MemberChange(serializers.Serializer[Any]):
    """What may be changed about a member."""

    role = serializers.ChoiceField(choices=[role.value for role in Role])


class InvitationIn(serializers.Serializer[Any]):
    """Who is to join, and as what."""

    email = serializers.EmailField(max_length=254)
    name = serializers.CharField(max_length=120)
    role = serializers.ChoiceField(choices=[role.value for role in Role])


class InvitationOut(serializers.ModelSerializer[Invitation]):
    """An invitation as it is listed; its link is never shown again."""

    class Meta:
        model = Invitation
        fields: tuple[str, ...] = ("id", "email", "name", "role", "created_at", "expires_at")


class InvitationMade(InvitationOut):
    """An invitation just made, with its link."""

    link = serializers.URLField(help_text="Shown this one time; hand it to the person whom you invite.")

    class Meta(InvitationOut.Meta):
        fields = (*InvitationOut.Meta.fields, "link")


def join_url(token: str) -> str:
    """The address of the page on which the invited person sets a password."""
    return f"{settings.PUBLIC_URL}/join/{token}"


class WhoAmI(serializers.Serializer[Any]):
    """The caller as the API sees it."""

    tenant = serializers.UUIDField()
    kind = serializers.CharField()
    id = serializers.UUIDField(allow_null=True)
    role = serializers.CharField(allow_null=True)
    scopes = serializers.ListField(child=serializers.CharField())
