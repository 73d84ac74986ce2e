"""The only ways to hold a tenant's rows. Each takes the actor; what is not the tenant's is not there."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from problems.errors import NotFound
from tenants.actor import Actor
from tenants.models import ApiKey, Member, Tenant


def key_list(actor: Actor) -> QuerySet[ApiKey]:
    """The tenant's API keys, newest first."""
    return ApiKey.objects.filter(tenant_id=actor.tenant_id).order_by("-created_at")


def key_get(actor: Actor, key_id: UUID) -> ApiKey:
    """One API key.

    Raises:
        NotFound: no such key of this tenant.
    """
    key = key_list(actor).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    return key


def member_list(actor: Actor) -> QuerySet[Member]:
    """The tenant's members by name."""
    return Member.objects.filter(tenant_id=actor.tenant_id).order_by("name")


def tenant_by_slug(slug: str) -> Tenant | None:
    """The tenant at this address, None when there is none."""
    return Tenant.objects.filter(slug=slug).first()
