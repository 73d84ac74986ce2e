"""Shapes of fine-tunes and syntheses."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import django_filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.schema import StoredProblem
from consent.terms import CHANNELS, CONTENT_CLASSES, PURPOSES, RECIPIENTS
from synthesis.models import FORMATS, FineTune, FineTuneKind, Synthesis
from work.models import JobState

TEXT_LIMIT = 5_000  # characters of one job: five minutes of speech, which a listener would not want in one file either


def _factor() -> serializers.FloatField:
    return serializers.FloatField(min_value=0.5, max_value=2.0, default=1.0)


class UseIn(serializers.Serializer[Any]):
    """What the sound is for. Every part has to lie inside the terms of the consent."""

    purpose = serializers.ChoiceField(choices=PURPOSES)
    channel = serializers.ChoiceField(choices=CHANNELS)
    language = serializers.CharField(max_length=20, help_text="BCP 47, as en-GB.")
    territory = serializers.CharField(max_length=20, help_text="Where it will be heard: ISO 3166-1, as GB.")
    content_class = serializers.ChoiceField(choices=CONTENT_CLASSES)
    recipient = serializers.ChoiceField(choices=RECIPIENTS)


class SynthesisIn(serializers.Serializer[Any]):
    """A text to be spoken by one version of a voice."""

    voice_version = serializers.UUIDField()
    consent = serializers.UUIDField(required=False, help_text="The speaker's consent in force when left out.")
    use = UseIn()
    text = serializers.CharField(max_length=TEXT_LIMIT, trim_whitespace=False)
    ssml = serializers.BooleanField(default=False)
    pronunciations = serializers.DictField(
        child=serializers.CharField(max_length=80), default=dict, help_text="Written form -> phonemes (IPA)."
    )
    format = serializers.ChoiceField(choices=FORMATS, default="wav")
    seed = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)
    rate = _factor()
    pitch = _factor()
    energy = _factor()


class FineTuneIn(serializers.Serializer[Any]):
    """A new version of a voice: a preview from seconds, or an adapted voice from minutes."""

    voice = serializers.UUIDField()
    consent = serializers.UUIDField(required=False, help_text="The speaker's consent in force when left out.")
    kind = serializers.ChoiceField(choices=FineTuneKind.choices, default=FineTuneKind.ADAPTED)
    recordings = serializers.ListField(
        child=serializers.UUIDField(), default=list, max_length=2_000, help_text="All usable ones when left out."
    )
    seed = serializers.IntegerField(min_value=0, max_value=2**63 - 1, default=0)


class UseOut(serializers.Serializer[Synthesis]):
    """The declared use."""

    purpose = serializers.CharField()
    channel = serializers.CharField()
    language = serializers.CharField()
    territory = serializers.CharField()
    content_class = serializers.CharField()
    recipient = serializers.CharField()


class _JobOut(serializers.ModelSerializer[Any]):
    """What every governed job tells: where it stands, and why it stopped."""

    problem = serializers.SerializerMethodField()
    consent = serializers.UUIDField(source="consent_id", read_only=True)
    quarantined = serializers.SerializerMethodField()

    @extend_schema_field(StoredProblem(allow_null=True))
    def get_problem(self, row: Any) -> dict[str, str] | None:
        """The stored code of a job that failed or was cancelled."""
        if not row.problem_code:
            return None
        return {"code": row.problem_code, "detail": row.problem_detail}

    def get_quarantined(self, row: Any) -> bool:
        """Whether the result is no longer handed out."""
        return row.quarantined_at is not None


_JOB = ["id", "state", "stage", "progress", "cancel_requested", "problem", "consent", "quarantined"]
_TIMES = ["created_at", "finished_at"]


class SynthesisOut(_JobOut):
    """One synthesis. The text is not repeated: it is sealed under the speaker's key."""

    voice_version = serializers.UUIDField(source="version_id", read_only=True)
    use = UseOut(source="*", read_only=True)

    class Meta:
        model = Synthesis
        fields: ClassVar[list[str]] = [
            *_JOB, "voice_version", "use", "characters", "streamed", "converted", "format", "media_type", "seed",
            "rate", "pitch", "energy", "length_s", "media_bytes", "released_at", *_TIMES,
        ]  # fmt: skip
        read_only_fields = fields


class FineTuneOut(_JobOut):
    """One fine-tune; `voice_version` is there once it is done."""

    voice = serializers.UUIDField(source="voice_id", read_only=True)
    voice_version = serializers.UUIDField(source="version_id", read_only=True, allow_null=True)
    expected_at = serializers.SerializerMethodField()

    class Meta:
        model = FineTune
        fields: ClassVar[list[str]] = [
            *_JOB, "expected_at", "voice", "voice_version", "kind", "recordings", "seed", *_TIMES,
        ]  # fmt: skip
        read_only_fields = fields

    def get_expected_at(self, row: FineTune) -> datetime | None:
        """When a training that runs will be done if it takes all its steps; null before that can be told."""
        return row.expected_at if row.state == JobState.RUNNING else None


class SynthesisFilter(django_filters.FilterSet):
    """Which syntheses a list shows."""

    state = django_filters.ChoiceFilter(choices=JobState.choices)
    voice_version = django_filters.UUIDFilter(field_name="version_id")
    consent = django_filters.UUIDFilter(field_name="consent_id")
    purpose = django_filters.ChoiceFilter(choices=[(word, word) for word in PURPOSES])
    channel = django_filters.ChoiceFilter(choices=[(word, word) for word in CHANNELS])
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gt")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")


class FineTuneFilter(django_filters.FilterSet):
    """Which fine-tunes a list shows."""

    state = django_filters.ChoiceFilter(choices=JobState.choices)
    voice = django_filters.UUIDFilter(field_name="voice_id")
