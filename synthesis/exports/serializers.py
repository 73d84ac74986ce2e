"""Shapes of exports."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.schema import StoredProblem
from consent.terms import PURPOSES, RECIPIENTS
from synthesis.exports.models import Export, Precision
from work.models import JobState


class ExportUseIn(serializers.Serializer[Any]):
    """What the file is for. Every part has to lie inside the terms of the consent."""

    purpose = serializers.ChoiceField(choices=PURPOSES)
    territory = serializers.CharField(max_length=20, help_text="Where it goes: ISO 3166-1, as GB.")
    recipient = serializers.ChoiceField(choices=RECIPIENTS)


class ExportIn(serializers.Serializer[Any]):
    """A version of a voice to be written out as one file."""

    voice_version = serializers.UUIDField()
    consent = serializers.UUIDField(required=False, help_text="The speaker's consent in force when left out.")
    use = ExportUseIn()
    precision = serializers.ChoiceField(choices=Precision.choices, default=Precision.FLOAT)


class ExportUseOut(serializers.Serializer[Export]):
    """The declared use."""

    purpose = serializers.CharField()
    territory = serializers.CharField()
    recipient = serializers.CharField()


class ExportOut(serializers.ModelSerializer[Export]):
    """One export; `file_bytes` and `file_sha256` are there once it is done."""

    problem = serializers.SerializerMethodField()
    consent = serializers.UUIDField(source="consent_id", read_only=True)
    voice_version = serializers.UUIDField(source="version_id", read_only=True)
    quarantined = serializers.SerializerMethodField()
    use = ExportUseOut(source="*", read_only=True)
    file_bytes = serializers.IntegerField(source="media_bytes", read_only=True)
    file_sha256 = serializers.CharField(source="media_sha256", read_only=True)

    class Meta:
        model = Export
        fields: ClassVar[list[str]] = [
            "id", "state", "stage", "progress", "cancel_requested", "problem", "consent", "quarantined",
            "voice_version", "use", "precision", "file_bytes", "file_sha256", "released_at", "created_at",
            "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(StoredProblem(allow_null=True))
    def get_problem(self, row: Export) -> dict[str, str] | None:
        """The stored code of a job that failed or was cancelled."""
        return {"code": row.problem_code, "detail": row.problem_detail} if row.problem_code else None

    def get_quarantined(self, row: Export) -> bool:
        """Whether the file is no longer handed out."""
        return row.quarantined_at is not None


class ExportFilter(django_filters.FilterSet):
    """Which exports a list shows."""

    state = django_filters.ChoiceFilter(choices=JobState.choices)
    voice_version = django_filters.UUIDFilter(field_name="version_id")
