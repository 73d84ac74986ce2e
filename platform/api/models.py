"""The stored reply to a request that named an idempotency key."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from isolation.models import TenantRow


class IdempotentReply(TenantRow):
    """One request, one effect: unique key per tenant; the reply's bytes, sealed by whoever settings name.

    `handle` names the key the body is sealed under: a person's when the reply speaks of one, so that
    erasing the person takes the reply along.
    """

    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    handle = models.CharField(max_length=80, default="", blank=True)
    sealed_body = models.BinaryField(default=b"")

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "key"], name="api_idempotency_once"),
        ]
