"""The shape of a request for a stream."""

from __future__ import annotations

from rest_framework import serializers

from synthesis.serializers import SynthesisIn
from synthesis.streams.windows import STREAMED


class StreamIn(SynthesisIn):
    """A text to be heard while it is spoken."""

    format = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in STREAMED],
        default="pcm",
        help_text="pcm: 16 bit little endian at the voice's rate; mulaw: 8 kHz; the others the same as a WAV "
        "of unknown length.",
    )
