"""Shapes of uploads, recordings, prompts, voices and versions."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from api.schema import StoredProblem
from api.shapes import shown
from consent.terms import language_tag
from voices.jobs import TAKE_LIMITS
from voices.models import STANDINGS, Recording, VersionState, Voice, VoiceState, VoiceVersion
from voices.selectors import transcript_open, voice_name
from work.models import JobState

# What a browser or a tool calls the containers that are read; octet-stream for those that cannot tell.
CONTENT_TYPES = (
    "audio/wav", "audio/x-wav", "audio/wave", "audio/flac", "audio/x-flac", "audio/mpeg", "audio/ogg", "audio/opus",
    "application/octet-stream",
)  # fmt: skip
_HELD = "The speaker's consent in force when left out."


class LanguageField(serializers.CharField):
    """A BCP 47 tag in its usual spelling."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, help_text="BCP 47, as en-GB.", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The tag, spelled as everywhere else."""
        tag = language_tag(super().to_internal_value(data))
        if tag is None:
            raise serializers.ValidationError("A BCP 47 tag is expected, as en or en-GB.")
        return tag


# --- Uploads --------------------------------------------------------------------------------------------


class UploadIn(serializers.Serializer[Any]):
    """The announcement of one file."""

    speaker = serializers.UUIDField()
    consent = serializers.UUIDField(required=False, help_text=_HELD)
    size = serializers.IntegerField(
        min_value=1, max_value=TAKE_LIMITS.file_bytes, help_text="Bytes; exactly so many are taken."
    )
    content_type = serializers.ChoiceField(choices=CONTENT_TYPES)


class UploadOut(serializers.Serializer[Any]):
    """Where to PUT the bytes, until when, and which headers have to come with them."""

    id = serializers.UUIDField()
    url = serializers.URLField()
    headers = serializers.DictField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()
    limits = serializers.DictField(help_text="What a recording may hold: seconds, channels, rates.")


# --- Recordings -----------------------------------------------------------------------------------------


class RecordingIn(serializers.Serializer[Any]):
    """An upload that has arrived, and what is said in it: a prompt's id, or the words."""

    upload = serializers.UUIDField()
    language = LanguageField()
    prompt = serializers.CharField(max_length=20, default="", allow_blank=True)
    transcript = serializers.CharField(max_length=4_000, default="", allow_blank=True)


class FindingOut(serializers.Serializer[Any]):
    """One thing that could be better, and what to do about it."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["refuse", "advise"])
    measured = serializers.FloatField()
    bound = serializers.FloatField()
    advice = serializers.CharField()


class RecordingOut(serializers.ModelSerializer[Recording]):
    """A recording, without its words."""

    state = serializers.SerializerMethodField()
    problem = serializers.SerializerMethodField()
    speaker = serializers.UUIDField(source="speaker_id", read_only=True)
    consent = serializers.UUIDField(source="consent_id", read_only=True)
    upload = serializers.UUIDField(source="upload_id", read_only=True)
    findings = FindingOut(many=True, read_only=True)
    measures = serializers.DictField(child=serializers.FloatField(), read_only=True)

    class Meta:
        model = Recording
        fields: ClassVar[list[str]] = [
            "id", "state", "problem", "speaker", "consent", "upload", "language", "prompt", "length_s", "weight",
            "measures", "findings", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=list(STANDINGS.values())))
    def get_state(self, row: Recording) -> str:
        """received, ingesting, accepted, rejected or cancelled."""
        return STANDINGS[JobState(row.state)]

    @extend_schema_field(StoredProblem(allow_null=True))
    def get_problem(self, row: Recording) -> dict[str, str] | None:
        """Why it was rejected; null otherwise."""
        return {"code": row.problem_code, "detail": row.problem_detail} if row.problem_code else None


class RecordingDetail(RecordingOut):
    """A recording with its words, opened with the speaker's key."""

    transcript = serializers.SerializerMethodField()

    class Meta(RecordingOut.Meta):
        fields: ClassVar[list[str]] = [*RecordingOut.Meta.fields, "transcript"]
        read_only_fields = fields

    def get_transcript(self, row: Recording) -> str:
        """What is said in it."""
        return transcript_open(row)


class RecordingFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """Which recordings a list shows."""

    speaker = django_filters.UUIDFilter(field_name="speaker_id")
    language = django_filters.CharFilter()
    prompt = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=[(word, word) for word in STANDINGS.values()], method="of_state")

    def of_state(self, rows: QuerySet[Recording], name: str, value: str) -> QuerySet[Recording]:
        """Those whose job is in the state that the word stands for."""
        return rows.filter(state=next(state for state, word in STANDINGS.items() if word == value))


# --- Prompts --------------------------------------------------------------------------------------------


class ScriptQuery(serializers.Serializer[Any]):
    """Which script, and whose progress in it."""

    language = LanguageField(default="en")
    speaker = serializers.UUIDField(required=False, help_text="Nobody's progress when left out.")


class PromptOut(serializers.Serializer[Any]):
    """One sentence to read. `read` says whether the named speaker has read it."""

    id = serializers.CharField()
    text = serializers.CharField()
    read = serializers.BooleanField()


class ScriptOut(serializers.Serializer[Any]):
    """The sentences of a language in reading order, and where the speaker stands."""

    language = serializers.CharField()
    usable_after = serializers.ListField(
        child=serializers.IntegerField(), help_text="After so many prompts a voice is worth making: rough, fair, good."
    )
    read = serializers.IntegerField()
    next = serializers.CharField(allow_null=True, help_text="The first prompt that has not been read.")
    prompts = PromptOut(many=True)


# --- Voices ---------------------------------------------------------------------------------------------


class VoiceIn(serializers.Serializer[Any]):
    """A voice to be made of a speaker."""

    speaker = serializers.UUIDField()
    name = serializers.CharField(max_length=120)
    language = LanguageField()


class VersionOut(serializers.ModelSerializer[VoiceVersion]):
    """One version of a voice: pinned to its base and its adapter by their digests."""

    voice = serializers.UUIDField(source="voice_id", read_only=True)
    state = serializers.ChoiceField(choices=VersionState.choices, read_only=True)

    class Meta:
        model = VoiceVersion
        fields: ClassVar[list[str]] = [
            "id", "voice", "number", "state", "preview", "base_sha256", "adapter_sha256", "measures", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class VoiceOut(serializers.ModelSerializer[Voice]):
    """A voice; its name is opened with the speaker's key."""

    name = serializers.SerializerMethodField()
    speaker = serializers.UUIDField(source="speaker_id", read_only=True)
    state = serializers.ChoiceField(choices=VoiceState.choices, read_only=True)
    newest = serializers.SerializerMethodField()

    class Meta:
        model = Voice
        fields: ClassVar[list[str]] = ["id", "name", "speaker", "language", "state", "newest", "created_at"]
        read_only_fields = fields

    def get_name(self, row: Voice) -> str:
        """What the tenant calls it."""
        return voice_name(row)

    @extend_schema_field(VersionOut(allow_null=True))
    def get_newest(self, row: Voice) -> dict[str, Any] | None:
        """The newest ready version, null while there is none."""
        ready = [version for version in row.versions.all() if version.state == VersionState.READY]
        return shown(VersionOut, max(ready, key=lambda version: version.number)) if ready else None
