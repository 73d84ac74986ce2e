"""Tables of watermark: which mark lies in which sound, and the verifications that look for them.

No sound is kept here. `MarkRecord` and `MarkPlace` are read before a tenant is known (a clip says nothing but a record
id), so they are narrow, hold random numbers alone and have no row-level security; everything else is the tenant's.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from isolation.models import TenantRow
from work.models import Job

SEARCH_TASK = "watermark.search"
PENDING_KIND = "pending-clips"  # the folder, below the tenant's, of clips that wait for their full search
PENDING = "pending-clip"  # the purposes that sealed bytes are bound to
FINGERPRINT = "mark-fingerprint"


class MarkRecord(models.Model):
    """A 48-bit record id -> tenant and synthesis. Outlives both: an erased person's sound stays ours."""

    record = models.BigIntegerField(primary_key=True)
    tenant_id = models.UUIDField()
    synthesis_id = models.UUIDField()  # or the export's
    # Of what leaves with its mark inside: the epoch that its own key was derived from (`leaving.py`). Else null.
    leaving_epoch = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(record__gte=0, record__lt=1 << 48), name="watermark_markrecord_48_bits"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["record"], condition=models.Q(leaving_epoch__isnull=False), name="watermark_markrecord_left"
            ),
        ]


class MarkPlace(models.Model):
    """Where in the pattern an output lies: what a clip is compared with when its marks say too little by themselves.

    Like `MarkRecord` it is read for every tenant's clips and outlives an erasure, so it says nothing of anybody: a
    random place under a random id, and a length rounded up to whole tens of seconds.
    """

    record = models.BigIntegerField(primary_key=True)
    epoch = models.PositiveIntegerField()
    place = models.PositiveIntegerField()
    tens_of_s = models.PositiveSmallIntegerField()  # of sound, at most

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(place__lt=1 << 20), name="watermark_markplace_in_the_pattern"),
        ]


class Mark(TenantRow):
    """What lies in one released output: record id, place in the pattern, key epoch, and what it sounds like.

    Written in the releasing transaction. `read_back_p` bounds the chance that the encoded bytes look so
    marked without being so. The fingerprint describes a person's speech, so it is sealed under the
    person's key. `blind` says whether a stranger who knows nothing would find the mark too.
    """

    record = models.BigIntegerField(unique=True)
    synthesis_id = models.UUIDField()
    subject_handle = models.CharField(max_length=80)
    epoch = models.PositiveIntegerField()
    salt = models.PositiveSmallIntegerField()
    start = models.PositiveIntegerField()
    markable_s = models.FloatField()
    blind = models.BooleanField()
    read_back_p = models.FloatField()
    sealed_fingerprint = models.BinaryField(null=True)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "synthesis_id"], name="watermark_mark_one_per_synthesis"),
            models.CheckConstraint(
                condition=models.Q(read_back_p__gt=0, read_back_p__lte=1), name="watermark_mark_p_value"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "subject_handle"], name="watermark_mark_subject"),
        ]


class AttributionGrant(TenantRow):
    """That this tenant's compliance members may hear whose a mark of another tenant is.

    Only the operator's command writes it (`manage.py attribution`): no owner of an organisation can, whatever roles
    and scopes she gives, so nobody opens other tenants' books by enrolling.
    """

    reason = models.CharField(max_length=200)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id"], name="watermark_attributiongrant_once"),
        ]


class Verdict(models.TextChoices):
    """What a search for our mark came to. `not_found` says nothing about a clip's being real."""

    OURS = "ours"
    NOT_FOUND = "not_found"
    INCONCLUSIVE = "inconclusive"


class Verification(Job):
    """One question about one clip. The clip is known by its hash alone.

    `pending_key` names the sealed clip while the full search is still to come; it is empty before and
    after. Attribution is not stored: it is answered afresh for whoever asks (`selectors.attribution`).
    """

    clip_sha256 = models.CharField(max_length=64)
    length_s = models.FloatField()
    pending_key = models.CharField(max_length=200, default="", blank=True)
    verdict = models.CharField(max_length=16, choices=Verdict.choices, default="", blank=True)
    p_value = models.FloatField(null=True)
    marks = models.JSONField(default=list)  # as `findings.Found.document`, the strongest first
    searched = models.JSONField(default=dict)

    class Meta(Job.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Job.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(state="done") | (~models.Q(verdict="") & models.Q(pending_key="")),
                name="watermark_verification_done",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "-created_at"], name="watermark_verification_new"),
        ]
