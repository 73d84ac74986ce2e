"""Shapes of the erasure API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from erasure.models import Erasure, ErasureStep


class ErasureStepOut(serializers.ModelSerializer[ErasureStep]):
    """One step and what it destroyed."""

    class Meta:
        model = ErasureStep
        fields = ("name", "destroyed", "done_at")
        read_only_fields = fields


class ErasureOut(serializers.ModelSerializer[Erasure]):
    """An erasure: how far it is, and what was destroyed so far."""

    speaker = serializers.UUIDField(source="speaker_id", read_only=True)
    steps = ErasureStepOut(many=True, read_only=True)
    certified = serializers.SerializerMethodField(help_text="Whether the signed certificate exists.")

    class Meta:
        model = Erasure
        fields = (
            "id",
            "speaker",
            "state",
            "stage",
            "progress",
            "requested_by",
            "created_at",
            "finished_at",
            "problem_code",
            "steps",
            "certified",
        )
        read_only_fields = fields

    def get_certified(self, erasure: Erasure) -> bool:
        """True from the end of the erasure on."""
        return bool(erasure.certificate)


class CertificateOut(serializers.Serializer[Any]):
    """What `python -m erasure.certificate` checks offline."""

    version = serializers.IntegerField()
    certificate = serializers.CharField(help_text="The certificate, a C2SP signed note.")
    proof = serializers.JSONField(help_text="The log's proof bundle for the entry that carries its SHA-256.")
