"""Tables of synthesis: the two kinds of job that use a voice, and what came of them.

The rule that matters most stands in the database too: a row cannot become `done` without a live
consent, nor a synthesis without a mark that was read back (triggers of migration 0001).
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from audio.encode import Format
from work.models import Job

RENDER_TASK = "synthesis.render"
STREAM_TASK = "synthesis.stream"
CONVERT_TASK = "synthesis.convert"
SPEAKING_TASKS = (RENDER_TASK, STREAM_TASK, CONVERT_TASK)  # the queue doors of a synthesis
FINETUNE_TASK = "synthesis.finetune"
SOUND_KIND = "syntheses"  # the folder, below the tenant's, of finished sounds: one folder in it for each speaker
SCRIPT = "synthesis-script"  # the purposes that sealed bytes are bound to
SOUND = "synthesis-sound"
SOURCE = "conversion-source"
SOURCE_KIND = "conversions"  # the folder of recordings that wait to be converted, laid out as SOUND_KIND's
HALFWAY = "training-half-done"
HALFWAY_KIND = "trainings"  # the folder of trainings half done, laid out alike
WINDOW = "stream-window"
FORMATS = [(one.value, one.value) for one in Format]


class FineTuneKind(models.TextChoices):
    """A preview is made from seconds without training; an adapted voice from minutes."""

    PREVIEW = "preview"
    ADAPTED = "adapted"


class GovernedJob(Job):
    """A job that uses a person's voice under a consent.

    `subject_handle` is the handle of the person's key: what is sealed here is sealed under it. Once the
    person is erased the row stays with random ids and codes alone (`erased_at`), so that its address answers 410.
    """

    consent = models.ForeignKey("consent.Consent", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    subject_handle = models.CharField(max_length=80)
    requested_by = models.CharField(max_length=60)
    quarantined_at = models.DateTimeField(null=True, blank=True)
    quarantine_reason = models.CharField(max_length=60, default="", blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta(Job.Meta):
        abstract = True


class FineTune(GovernedJob):
    """Recordings -> a new version of a voice."""

    voice = models.ForeignKey("voices.Voice", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    kind = models.CharField(max_length=10, choices=FineTuneKind.choices, default=FineTuneKind.ADAPTED)
    recordings = ArrayField(models.UUIDField(), default=list)
    seed = models.PositiveBigIntegerField(default=0)
    expected_at = models.DateTimeField(null=True, blank=True)  # when a running one will be done, as far as can be told
    version = models.ForeignKey(
        "voices.VoiceVersion", on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+"
    )

    class Meta(GovernedJob.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *GovernedJob.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(state="done") | models.Q(version__isnull=False),
                name="synthesis_finetune_done",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "-created_at"], name="synthesis_finetune_new"),
            models.Index(fields=["tenant_id", "consent"], name="synthesis_finetune_consent"),
        ]


class Synthesis(GovernedJob):
    """Text -> marked sound in one version of a voice, for one declared use.

    The script (text, markup, pronunciations) is sealed under the speaker's key. `object_key` is empty
    until the release: whatever a worker stored before is an orphan that nothing points to. A streamed one
    is never stored: its release is the moment from which its windows may leave, each asking once more. A
    conversion speaks its script as a recording does, which lies sealed in the store until the job has ended.
    """

    version = models.ForeignKey("voices.VoiceVersion", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    purpose = models.CharField(max_length=40)
    channel = models.CharField(max_length=40)
    language = models.CharField(max_length=20)
    territory = models.CharField(max_length=20)
    content_class = models.CharField(max_length=40)
    recipient = models.CharField(max_length=120, default="", blank=True)
    sealed_script = models.BinaryField(null=True)
    characters = models.PositiveIntegerField()
    streamed = models.BooleanField(default=False)
    converted = models.BooleanField(default=False)  # said as a recording says it; the script is its transcript
    format = models.CharField(max_length=12, choices=FORMATS, default=Format.WAV.value)
    seed = models.PositiveBigIntegerField(default=0)
    rate = models.FloatField(default=1.0)
    pitch = models.FloatField(default=1.0)
    energy = models.FloatField(default=1.0)
    object_key = models.CharField(max_length=200, default="", blank=True)
    media_type = models.CharField(max_length=60, default="", blank=True)
    media_sha256 = models.CharField(max_length=64, default="", blank=True)
    media_bytes = models.PositiveIntegerField(default=0)
    length_s = models.FloatField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta(GovernedJob.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *GovernedJob.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(state="done")
                | (~models.Q(object_key="", streamed=False) & models.Q(released_at__isnull=False))
                | models.Q(erased_at__isnull=False),
                name="synthesis_synthesis_done",
            ),
            models.CheckConstraint(
                condition=models.Q(object_key="") | models.Q(state="done", erased_at__isnull=True),
                name="synthesis_synthesis_hidden_until_done",
            ),
            models.CheckConstraint(
                condition=models.Q(streamed=False) | models.Q(converted=False),
                name="synthesis_synthesis_one_way",
            ),
            models.CheckConstraint(
                condition=models.Q(streamed=False) | models.Q(object_key=""),
                name="synthesis_synthesis_stream_is_not_kept",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "-created_at"], name="synthesis_synthesis_new"),
            models.Index(fields=["tenant_id", "consent"], name="synthesis_synthesis_consent"),
            models.Index(fields=["tenant_id", "subject_handle"], name="synthesis_synthesis_subject"),
        ]

    @property
    def task(self) -> str:
        """The queue door of its work."""
        if self.converted:
            return CONVERT_TASK
        return STREAM_TASK if self.streamed else RENDER_TASK
