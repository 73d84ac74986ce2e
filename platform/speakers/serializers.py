"""Shapes of the speakers API."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from rest_framework import serializers

from speakers.models import Speaker, SpeakerState
from speakers.sealing import CONTACT, NAME, part_open


class SpeakerIn(serializers.Serializer[Any]):
    """A person to be added."""

    name = serializers.CharField(max_length=200)
    contact = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class SpeakerOut(serializers.ModelSerializer[Speaker]):
    """A person; name and contact are empty once erased."""

    name = serializers.SerializerMethodField()
    contact = serializers.SerializerMethodField()

    class Meta:
        model = Speaker
        fields: ClassVar[tuple[str, ...]] = ("id", "name", "contact", "state", "created_at")

    def get_name(self, speaker: Speaker) -> str:
        """Opened from its seal."""
        return part_open(speaker, NAME) if speaker.state == SpeakerState.ACTIVE else ""

    def get_contact(self, speaker: Speaker) -> str:
        """Opened from its seal."""
        return part_open(speaker, CONTACT) if speaker.state == SpeakerState.ACTIVE else ""


class SpeakerLinkOut(serializers.Serializer[Any]):
    """The speaker's own link."""

    link = serializers.URLField(help_text="Shown this one time. Give it to the speaker and to nobody else.")


class SpeakerAdded(SpeakerOut):
    """A person just added, with the person's own link."""

    link = serializers.URLField(help_text="Shown this one time. Give it to the speaker and to nobody else.")

    class Meta(SpeakerOut.Meta):
        fields: ClassVar[tuple[str, ...]] = (*SpeakerOut.Meta.fields, "link")


def link_url(token: str) -> str:
    """The address of the speaker's own page."""
    return f"{settings.PUBLIC_URL}/speaker/{token}"
