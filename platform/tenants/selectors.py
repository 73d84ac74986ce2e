"""The only ways to hold a tenant's rows. Each takes the actor; what is not the tenant's is not there."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from problems.errors import NotFound
from tenants.actor import Actor
from tenants.models import ApiKey, Invitation, Member, Tenant


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
    return Member.objects.filter(tenant_id=actor.tenant_id).order_by("name", "id")


def member_get(actor: Actor, member_id: UUID) -> Member:
    """One member, disabled ones too.

    Raises:
        NotFound: no such member of this tenant.
    """
    member = member_list(actor).filter(pk=member_id).first()
    if member is None:
        raise NotFound
    return member


def invitation_list(actor: Actor) -> QuerySet[Invitation]:
    """The tenant's invitations that nobody has taken up, newest first; those too old stand there until swept."""
    return Invitation.objects.filter(tenant_id=actor.tenant_id).order_by("-created_at")


def invitation_get(actor: Actor, invitation_id: UUID) -> Invitation:
    """One invitation.

    Raises:
        NotFound: no such invitation of this tenant.
    """
    invitation = invitation_list(actor).filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound
    return invitation


def tenant_by_slug(slug: str) -> Tenant | None:
    """The tenant at this address, None when there is none."""
    return Tenant.objects.filter(slug=slug).first()
