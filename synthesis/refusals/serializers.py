"""Shapes of the do-not-clone list."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from synthesis.refusals.models import DoNotClone


class DoNotCloneIn(serializers.Serializer[Any]):
    """The voice of somebody who asked not to be cloned."""

    clip = serializers.FileField(help_text="Five seconds of speech or more; the first thirty are kept, sealed.")


class DoNotCloneOut(serializers.ModelSerializer[DoNotClone]):
    """One entry; the reference itself is never handed out."""

    confirmed = serializers.SerializerMethodField()

    class Meta:
        model = DoNotClone
        fields: ClassVar[list[str]] = ["id", "confirmed", "created_at"]
        read_only_fields = fields

    def get_confirmed(self, row: DoNotClone) -> bool:
        """Whether it binds the whole deployment."""
        return row.confirmed_at is not None
