"""The table of exports.

A row becomes `done` only under a live consent that says `may_export`, and with a mark that was read back from what
the file itself said; a trigger of the first migration holds that against raw SQL too.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from synthesis.models import GovernedJob

EXPORT_TASK = "synthesis.export"
EXPORT_KIND = "exports"  # the folder, below the tenant's: one folder in it for each speaker
EXPORT = "voice-export"  # the purpose that sealed bytes are bound to


class Precision(models.TextChoices):
    """How the weights are written: int8 is half the size and quicker, float the reference."""

    FLOAT = "float"
    INT8 = "int8"


class Export(GovernedJob):
    """A version of a voice -> one file that speaks without us.

    `record` is what everything the file says is marked with, under a key derived for this export alone.
    """

    version = models.ForeignKey("voices.VoiceVersion", on_delete=models.PROTECT, db_constraint=False, related_name="+")
    purpose = models.CharField(max_length=40)
    territory = models.CharField(max_length=20)
    recipient = models.CharField(max_length=120)
    precision = models.CharField(max_length=8, choices=Precision.choices, default=Precision.FLOAT)
    record = models.BigIntegerField(null=True)
    read_back_p = models.FloatField(null=True)
    object_key = models.CharField(max_length=200, default="", blank=True)
    media_sha256 = models.CharField(max_length=64, default="", blank=True)
    media_bytes = models.PositiveIntegerField(default=0)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta(GovernedJob.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *GovernedJob.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(state="done")
                | (~models.Q(object_key="") & models.Q(released_at__isnull=False, record__isnull=False))
                | models.Q(erased_at__isnull=False),
                name="exports_export_done",
            ),
            models.CheckConstraint(
                condition=models.Q(object_key="") | models.Q(state="done", erased_at__isnull=True),
                name="exports_export_hidden_until_done",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "-created_at"], name="exports_export_new"),
            models.Index(fields=["tenant_id", "consent"], name="exports_export_consent"),
        ]
