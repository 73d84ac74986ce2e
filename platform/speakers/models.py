"""The person, and the digests of the links that are theirs alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from isolation.models import TenantRow


class SpeakerState(models.TextChoices):
    """Whether the person is still there. It only ever moves forward."""

    ACTIVE = "active"
    ERASING = "erasing"
    ERASED = "erased"


class Speaker(TenantRow):
    """A person with a voice. Name and contact are sealed under the key that `key_handle` names.

    The key lies outside the database, so that a dump of this row tells nobody anything once the key
    is shredded. Both sealed columns are null after an erasure; the row stays, so that its address
    can answer 410 and old log entries still point at something.
    """

    key_handle = models.CharField(max_length=64)
    sealed_name = models.BinaryField(null=True)
    sealed_contact = models.BinaryField(null=True)
    state = models.CharField(max_length=8, choices=SpeakerState.choices, default=SpeakerState.ACTIVE)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "key_handle"], name="speakers_speaker_handle_key"),
            models.CheckConstraint(
                condition=~models.Q(state="erased") | models.Q(sealed_name__isnull=True, sealed_contact__isnull=True),
                name="speakers_speaker_erased_is_empty",
            ),
        ]


class SpeakerLinkDigest(models.Model):
    """SHA-256 of a speaker's link -> tenant and speaker. Read before a tenant is known; holds nothing else."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    tenant_id = models.UUIDField()
    speaker_id = models.UUIDField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["tenant_id", "speaker_id"], name="speakers_link_of_speaker")
        ]
