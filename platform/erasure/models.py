"""Erasures and their steps. Nothing personal stands in them: random ids, names of holdings, counts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from erasure.holdings import Subject
from isolation.models import TenantRow
from work.models import Job, JobState


class Erasure(Job):
    """The erasure of one person, and in the end its certificate.

    `entry` is the number of the log entry that carries the certificate's digest.
    """

    speaker_id = models.UUIDField()
    handle = models.CharField(max_length=64)
    requested_by = models.CharField(max_length=80)
    certificate = models.TextField(default="", blank=True)
    entry = models.BigIntegerField(null=True, blank=True)

    class Meta(Job.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Job.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "speaker_id"], name="erasure_erasure_once"),
            models.CheckConstraint(
                condition=~models.Q(state=JobState.DONE) | (~models.Q(certificate="") & models.Q(entry__isnull=False)),
                name="erasure_erasure_done_is_certified",
            ),
        ]

    @property
    def subject(self) -> Subject:
        """The person, as the holdings are asked about."""
        return Subject(self.tenant_id, self.speaker_id, self.handle)


class ErasureStep(TenantRow):
    """One step: a holding, or the keys at the end.

    `destroyed` is what the holding named before its destruction; `done_at` is set in the transaction
    of the destruction itself.
    """

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="steps", db_constraint=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80)
    destroyed = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "erasure", "position"], name="erasure_step_position"),
        ]
