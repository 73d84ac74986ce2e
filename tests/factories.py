"""People and organisations for the tests: the speaker, the operator, the verifier, a stranger who tries every door."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from uuid import UUID

from rest_framework.test import APIClient

from isolation.scope import tenant_scope
from tenants.actor import PERSON_ONLY, SCOPES_OF, Actor, ActorKind, Role, Scope, system
from tenants.authentication import SESSION_KEYS
from tenants.models import Member, Tenant
from tenants.services import key_issue, member_create, session_stamp, tenant_create

PASSWORD = "correct horse battery staple"
_numbers = count(1)


@dataclass(frozen=True)
class Organisation:
    """A tenant with one member of each role."""

    tenant: Tenant
    members: dict[Role, Member]

    @property
    def id(self) -> UUID:
        return self.tenant.pk

    def actor(self, role: Role = Role.OWNER) -> Actor:
        """The member's actor, as a signed-in request would have it."""
        return Actor(self.id, ActorKind.MEMBER, self.members[role].pk, SCOPES_OF[role], role)

    def key(self, *scopes: Scope) -> str:
        """The text of a fresh API key; every scope a key may hold when none is named."""
        given = frozenset(scopes) or frozenset(Scope) - PERSON_ONLY
        with tenant_scope(self.id):
            _, text = key_issue(actor=system(self.id), label="test", scopes=given)
        return text

    def client(self, *scopes: Scope) -> APIClient:
        """A client that calls the API with a fresh key."""
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.key(*scopes)}")
        return client

    def member_client(self, role: Role) -> APIClient:
        """A client with the member's session."""
        client = APIClient(raise_request_exception=False)
        member = self.members[role]
        session = client.session
        session.update(dict(zip(SESSION_KEYS, (str(self.id), str(member.pk), session_stamp(member)), strict=True)))
        session.save()
        return client


def make_organisation(slug: str | None = None, *, is_demo: bool = False) -> Organisation:
    """A tenant with one member of each role."""
    slug = slug or f"org-{next(_numbers)}"
    tenant = tenant_create(slug=slug, is_demo=is_demo)
    members = {
        role: member_create(
            actor=system(tenant.pk), email=f"{role}@{slug}.example", name=str(role), role=role, password=PASSWORD
        )
        for role in Role
    }
    return Organisation(tenant, members)
