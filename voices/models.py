"""Uploads, recordings, voices and their versions.

What is personal in these rows is sealed under the speaker's own key (`sealed_*`); numbers about a sound and random
ids are not. A row outlives its erasure only as a tombstone, so that a call with an erased voice can be told so.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from isolation.models import TenantRow
from work.models import Job, JobState

INGEST_TASK = "voices.ingest"
RECORDING_KIND, ADAPTER_KIND, INTAKE_KIND = "recordings", "adapters", "uploads"  # folders below the tenant's
SOUND, TRANSCRIPT, HASH = "recording", "recording-transcript", "recording-hash"  # what sealed bytes are bound to
ADAPTER, VOICE_NAME = "voice-adapter", "voice-name"
PICTURE, PICTURE_ENDING = "voice-card", "-card"  # beside the adapter, so that it goes with it


class Upload(TenantRow):
    """An address in the intake place that was handed out for one file of one speaker.

    What lies there is a voice in clear; `emptied_at` says that nothing does any more.
    """

    speaker = models.ForeignKey("speakers.Speaker", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    consent = models.ForeignKey("consent.Consent", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    object_key = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    content_type = models.CharField(max_length=80)
    expires_at = models.DateTimeField()
    emptied_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "object_key"], name="voices_upload_object_key"),
        ]


class Recording(Job):
    """One take of one speaker: the job that judges it and, once accepted, the sealed sound.

    `state` is the job's; STANDINGS says what the API calls it. A rejected take keeps its findings and no sound.
    """

    speaker = models.ForeignKey("speakers.Speaker", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    consent = models.ForeignKey("consent.Consent", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, db_constraint=False, related_name="+")
    language = models.CharField(max_length=20)
    prompt = models.CharField(max_length=20, default="", blank=True)
    sealed_transcript = models.BinaryField(null=True, blank=True)
    sealed_hash = models.BinaryField(null=True, blank=True)  # SHA-256 of the file as it came; sealed, it names a person
    object_key = models.CharField(max_length=200, default="", blank=True)  # FLAC, mono, 24 kHz, sealed
    length_s = models.FloatField(null=True, blank=True)
    weight = models.FloatField(null=True, blank=True)  # how much a fine-tune should count it, (0, 1]
    measures = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta(Job.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Job.Meta.constraints,
            # One upload is one take, however often the request for it is repeated.
            models.UniqueConstraint(fields=["tenant_id", "upload"], name="voices_recording_once_per_upload"),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True)
                | models.Q(object_key="", sealed_transcript__isnull=True, sealed_hash__isnull=True),
                name="voices_recording_erased_is_empty",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done", erased_at__isnull=True) | ~models.Q(object_key=""),
                name="voices_recording_accepted_has_sound",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "speaker", "state"], name="voices_recording_of_speaker"),
        ]


# What the API calls the state of a recording's job.
STANDINGS = {
    JobState.QUEUED: "received",
    JobState.RUNNING: "ingesting",
    JobState.DONE: "accepted",
    JobState.FAILED: "rejected",
    JobState.CANCELLED: "cancelled",
}


class VoiceState(models.TextChoices):
    """Whether a voice may be asked for."""

    ACTIVE = "active"
    RETIRED = "retired"
    ERASED = "erased"


class Voice(TenantRow):
    """The profile of one speaker under one tenant; what can be called are its versions."""

    speaker = models.ForeignKey("speakers.Speaker", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    sealed_name = models.BinaryField(null=True, blank=True)
    language = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=VoiceState.choices, default=VoiceState.ACTIVE)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(state="erased") | models.Q(sealed_name__isnull=True),
                name="voices_voice_erased_is_empty",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "speaker"], name="voices_voice_of_speaker"),
        ]


class VersionState(models.TextChoices):
    """Where a version stands. A draft is never a voice's newest: it is a preview, callable by its id, or a trained
    version whose card lies below the bar, callable by nobody until a named person has accepted it. A retired one is
    not callable any more, by its owner's choice.
    """

    DRAFT = "draft"
    READY = "ready"
    RETIRED = "retired"
    ERASED = "erased"


class VoiceVersion(TenantRow):
    """One adapter over one base, for good: a new fine-tune makes a new version and leaves this one callable.

    A trigger in the migration keeps every column but `state` as it was first written; only an erasure may blank
    the adapter's hash and address.
    """

    voice = models.ForeignKey(Voice, on_delete=models.PROTECT, db_constraint=False, related_name="versions")
    number = models.PositiveIntegerField()
    base_sha256 = models.CharField(max_length=64)
    adapter_sha256 = models.CharField(max_length=64)
    adapter_object = models.CharField(max_length=200)
    measures = models.JSONField(default=dict)
    preview = models.BooleanField(default=False)  # from seconds, without training
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.DRAFT)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "voice", "number"], name="voices_version_number"),
            models.CheckConstraint(
                condition=~models.Q(state="erased") | models.Q(adapter_object="", adapter_sha256=""),
                name="voices_version_erased_is_empty",
            ),
        ]
