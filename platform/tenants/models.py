"""Tenants, members, invitations, API keys and quotas."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.postgres.fields import ArrayField
from django.db import models

from isolation.models import TenantRow
from tenants.actor import Role


class Tenant(models.Model):
    """An organisation. Read before a tenant is known, so narrow: an address, a state, nothing personal."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True)
    is_demo = models.BooleanField(default=False)
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)


class Member(TenantRow):
    """A person who signs in for a tenant. The password is hashed by argon2; failures lock the door."""

    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    password = models.CharField(max_length=200)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "email"], name="tenants_member_email_key"),
        ]

    def set_password(self, text: str) -> None:
        """Hash `text` with the first of PASSWORD_HASHERS (argon2)."""
        self.password = make_password(text)

    def has_password(self, text: str) -> bool:
        """Whether `text` is the member's password."""
        return check_password(text, self.password)


class Invitation(TenantRow):
    """A place held for a person who has not joined yet. It goes when they join, or when it is taken back or too old."""

    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    expires_at = models.DateTimeField()

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "email"], name="tenants_invitation_email_key"),
        ]


class InvitationDigest(models.Model):
    """SHA-256 of an invitation's link -> tenant and row. Read before a tenant is known; holds nothing else."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    tenant_id = models.UUIDField()
    invitation_id = models.UUIDField()


class ApiKey(TenantRow):
    """What a tenant knows about one of its keys; the key itself is shown once and never stored."""

    label = models.CharField(max_length=80)
    hint = models.CharField(max_length=20)
    scopes = ArrayField(models.CharField(max_length=40))
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class ApiKeyDigest(models.Model):
    """SHA-256 of a key -> its tenant and row. Read before a tenant is known; holds nothing else."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    tenant_id = models.UUIDField()
    key_id = models.UUIDField()


class Quota(TenantRow):
    """How much of one thing a tenant may use in a calendar month, and has used."""

    what = models.CharField(max_length=40)
    month = models.DateField()
    allowed = models.PositiveBigIntegerField()
    used = models.PositiveBigIntegerField(default=0)

    class Meta(TenantRow.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *TenantRow.Meta.constraints,
            models.UniqueConstraint(fields=["tenant_id", "what", "month"], name="tenants_quota_key"),
            models.CheckConstraint(condition=models.Q(used__lte=models.F("allowed")), name="tenants_quota_kept"),
        ]
