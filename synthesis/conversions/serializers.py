"""The shape of a request for a conversion."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from synthesis.models import FORMATS
from synthesis.serializers import TEXT_LIMIT, UseIn


class ConversionIn(serializers.Serializer[Any]):
    """A recording (wav, flac, mp3, ogg; a minute at most) to be said by one version of a voice."""

    clip = serializers.FileField()
    transcript = serializers.CharField(max_length=TEXT_LIMIT, help_text="The words of the recording, no others.")
    voice_version = serializers.UUIDField()
    consent = serializers.UUIDField(required=False, help_text="The speaker's consent in force when left out.")
    use = UseIn(help_text="A part of its own, as JSON.")
    format = serializers.ChoiceField(choices=FORMATS, default="wav")
    seed = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)
