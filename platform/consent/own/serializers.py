"""Shapes of the speaker's own API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from consent.serializers import ConsentOut


class OwnOut(serializers.Serializer[Any]):
    """Everything about a speaker in one answer: what is allowed, and what was made."""

    name = serializers.CharField()
    state = serializers.CharField()
    organisation = serializers.CharField()
    consents = ConsentOut(many=True)
    uses = serializers.ListField(child=serializers.DictField())


class OwnErasureOut(serializers.Serializer[Any]):
    """The erasure that the speaker asked for."""

    id = serializers.UUIDField()
    state = serializers.CharField()


class OwnLinksOut(serializers.Serializer[Any]):
    """How many other links were ended."""

    ended = serializers.IntegerField()
