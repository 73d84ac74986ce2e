"""The rows of the log.

`AuditEntry` and `AuditHead` belong to no tenant: the sequencer and the public read them before any
tenant is known, and they hold nothing but public bytes. `AuditDetail` is what a tenant may read of
its own acts.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models

from audit.merkle import EMPTY_ROOT
from isolation.models import TenantRow

HEAD = 1
SEAL_PURPOSE = "audit-detail"


class AuditEntry(models.Model):
    """A public line of the log (`audit.entries`), recorded in the transaction of its act.

    `index` is its place in the tree: null until the sequencer has given it one, then never changed;
    a trigger refuses every other change, and the app role may not delete.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(unique=True, default=uuid4, editable=False)
    body = models.BinaryField()
    index = models.BigIntegerField(null=True, unique=True)

    class Meta:
        db_table = "audit_entry"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], name="audit_entry_waiting", condition=models.Q(index__isnull=True)),
        ]


class AuditHead(models.Model):
    """The one row that says how far the log is signed. Sequencers compare and swap it; it only grows."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=HEAD)
    size = models.BigIntegerField(default=0)
    root = models.BinaryField(default=EMPTY_ROOT)
    checkpoint = models.TextField(default="", blank=True)
    verifier = models.TextField(default="", blank=True)

    class Meta:
        db_table = "audit_head"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(id=HEAD), name="audit_head_is_one"),
        ]


class AuditDetail(TenantRow):
    """What happened, for the tenant to read; `id` is the entry's public id.

    `sealed` holds the committed facts under the key of the person they speak of (or the tenant's
    own): it can be read until that person is erased, and is emptied then, with `handle`.
    """

    event = models.CharField(max_length=60)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    object_id = models.UUIDField(null=True, blank=True)
    handle = models.CharField(max_length=64, default="", blank=True)
    sealed = models.BinaryField(null=True)

    class Meta(TenantRow.Meta):
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "-created_at", "-id"], name="audit_detail_newest"),
            models.Index(fields=["handle"], name="audit_detail_handle"),
        ]
