"""The outbox row, and the base of every job row."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from isolation.models import TenantRow


class Outbox(models.Model):
    """A wake-up that is due: which task wants which row of which tenant.

    Written in the transaction of the act that needs the work, read by the relay before any tenant is
    known - so it is narrow, holds random ids alone and has no row-level security. It stays until the
    job is in a final state: a claim moves `due_at` past the lease, so a worker that dies is noticed
    by the same row that announced the work.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    tenant_id = models.UUIDField()
    task = models.CharField(max_length=80)
    object_id = models.UUIDField()
    due_at = models.DateTimeField(db_default=Now())
    sent = models.PositiveIntegerField(default=0)
    begun = models.BooleanField(db_default=False)  # somebody has worked on it: its caller has waited longest

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "object_id"], name="work_outbox_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["due_at"], name="work_outbox_due")]


class JobState(models.TextChoices):
    """Where a job stands. The last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(TenantRow):
    """A row that is work: state, lease, fencing token, attempts, progress, and why it failed.

    `fence` grows with every claim; whoever writes names the fence it was given, so a worker that was
    thought dead and wakes up changes nothing.
    """

    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    stage = models.CharField(max_length=40, default="", blank=True)
    progress = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    problem_code = models.CharField(max_length=60, default="", blank=True)
    problem_detail = models.CharField(max_length=300, default="", blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        abstract = True
