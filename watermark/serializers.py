"""Shapes of the verification doors."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.schema import StoredProblem
from watermark.findings import FALSE_ALARM_BOUND
from watermark.models import Verdict, Verification

LAYERS = ("watermark",)  # what is examined; signed metadata joins the list when we can read it
STATEMENT = (
    "Sound made without our keys is called ours in at most two of a million clips, whatever it holds. "
    "not_found says nothing about whether a clip is real: it may be too short, too damaged, or synthetic "
    "speech of another maker."
)


class ClipIn(serializers.Serializer[Any]):
    """A clip to be examined: wav, flac, mp3, ogg (Opus or Vorbis)."""

    clip = serializers.FileField()


class SpanOut(serializers.Serializer[Any]):
    """A stretch of the clip, in seconds, and the p-value of the mark in it."""

    start_s = serializers.FloatField()
    end_s = serializers.FloatField()
    p_value = serializers.FloatField()


class FoundOut(serializers.Serializer[Any]):
    """One mark. `content` says whether the speech is the speech the mark was given for."""

    record = serializers.CharField(allow_null=True, help_text="12 hex digits; null when it cannot be read.")
    p_value = serializers.FloatField()
    content = serializers.ChoiceField(choices=["matches", "differs", "unknown"])
    spans = SpanOut(many=True)


class BehindOut(serializers.Serializer[Any]):
    """What stands behind a mark. After an erasure only `record` and `standing` are left."""

    record = serializers.CharField()
    standing = serializers.ChoiceField(choices=["held", "erased"])
    synthesis = serializers.UUIDField(required=False)
    voice_version = serializers.UUIDField(required=False)
    consent = serializers.UUIDField(required=False)
    consent_version = serializers.IntegerField(required=False)
    consent_then = serializers.CharField(required=False)
    consent_now = serializers.CharField(required=False)
    released_at = serializers.DateTimeField(required=False)


class LayersOut(serializers.Serializer[Any]):
    """Which marking layers were examined and which of them were found."""

    examined = serializers.ListField(child=serializers.CharField())
    fired = serializers.ListField(child=serializers.CharField())


class VerificationRow(serializers.ModelSerializer[Verification]):
    """A verification in a list."""

    verdict = serializers.ChoiceField(choices=Verdict.choices, allow_null=True, read_only=True)
    layers = serializers.SerializerMethodField()
    false_alarms = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField()
    marks = FoundOut(many=True, read_only=True)

    class Meta:
        model = Verification
        fields: ClassVar[list[str]] = [
            "id", "state", "progress", "verdict", "p_value", "marks", "layers", "searched", "false_alarms",
            "clip_sha256", "length_s", "problem", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, instance: Verification) -> dict[str, Any]:
        """The verdict is null until there is one."""
        found: dict[str, Any] = super().to_representation(instance)
        found["verdict"] = found["verdict"] or None
        return found

    def get_layers(self, row: Verification) -> LayersOut:
        """Examined and fired layers."""
        return layers(row.verdict)  # type: ignore[return-value]  # the annotation is the schema's

    def get_false_alarms(self, row: Verification) -> FalseAlarmsOut:
        """What the verdict is worth."""
        return {"bound": FALSE_ALARM_BOUND, "statement": STATEMENT}  # type: ignore[return-value]  # as above

    @extend_schema_field(StoredProblem(allow_null=True))
    def get_problem(self, row: Verification) -> dict[str, str] | None:
        """The stored code of a failed search."""
        if not row.problem_code:
            return None
        return {"code": row.problem_code, "detail": row.problem_detail}


class FalseAlarmsOut(serializers.Serializer[Any]):
    """The chance that sound made without our keys is called ours, and the same in words."""

    bound = serializers.FloatField()
    statement = serializers.CharField()


class VerificationOut(VerificationRow):
    """One verification, with what stands behind it for those who may know."""

    attribution = BehindOut(many=True, read_only=True)

    class Meta(VerificationRow.Meta):
        fields: ClassVar[list[str]] = [*VerificationRow.Meta.fields, "attribution"]
        read_only_fields = fields


class DetectOut(serializers.Serializer[Any]):
    """The stranger's answer: a verdict and the layers, never a score."""

    verdict = serializers.ChoiceField(choices=Verdict.choices)
    layers = LayersOut()
    statement = serializers.CharField()


def layers(verdict: str) -> dict[str, list[str]]:
    """The layers of an answer."""
    return {"examined": list(LAYERS), "fired": list(LAYERS) if verdict == Verdict.OURS else []}
