"""Shapes of speakers."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from speakers.models import Speaker
from speakers.selectors import speaker_contact, speaker_name


class SpeakerIn(serializers.Serializer[Any]):
    """A person to be enrolled."""

    name = serializers.CharField(max_length=200)
    contact = serializers.CharField(max_length=200, help_text="Where the person can be reached: e-mail or phone.")


class SpeakerOut(serializers.ModelSerializer[Speaker]):
    """A person. Name and contact are opened with the person's own key."""

    name = serializers.SerializerMethodField()
    contact = serializers.SerializerMethodField()

    class Meta:
        model = Speaker
        fields: ClassVar[list[str]] = ["id", "name", "contact", "state", "created_at"]
        read_only_fields = fields

    def get_name(self, row: Speaker) -> str:
        """The person's name."""
        return speaker_name(row)

    def get_contact(self, row: Speaker) -> str:
        """How to reach the person."""
        return speaker_contact(row)


class LinkOut(serializers.Serializer[Any]):
    """A link that is the person's own; give it to the person and keep no copy."""

    url = serializers.URLField(help_text="Shown this one time.")


class SpeakerMade(SpeakerOut):
    """A person just enrolled, with the person's own link."""

    link = serializers.URLField(help_text="Shown this one time: give it to the person and keep no copy.")

    class Meta(SpeakerOut.Meta):
        fields: ClassVar[list[str]] = [*SpeakerOut.Meta.fields, "link"]
