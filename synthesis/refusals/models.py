"""The do-not-clone list. Deployment-wide: read in every tenant's fine-tunes, so it is no tenant's row."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID, uuid4

from django.db import models

DEPLOYMENT = UUID(int=0)  # whose key seals the references: nobody's who could be erased or leave
REFERENCE = "do-not-clone"  # the purpose that sealed bytes are bound to


class DoNotClone(models.Model):
    """One person's reference: some seconds of speech, sealed; no name, no reason.

    Speech and not an embedding, because an embedding means nothing to the next base voice.
    `by_tenant` is null for the operator's own entries; a tenant's entry is everybody's once `confirmed_at` is set.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    by_tenant = models.UUIDField(null=True, blank=True)
    added_by = models.CharField(max_length=60)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    sealed_reference = models.BinaryField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["by_tenant"], name="refusals_by_tenant")]
