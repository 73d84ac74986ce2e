"""Who acts: the one value that views hand to services, and what it may do.

Roles and scopes are closed sets: a new one is a change here, read by people.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """One right. A member has the scopes of the role, an API key those it was given."""

    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    SPEAKERS_READ = "speakers:read"
    SPEAKERS_WRITE = "speakers:write"
    CONSENTS_READ = "consents:read"
    CONSENTS_WRITE = "consents:write"
    CONSENTS_APPROVE = "consents:approve"
    RECORDINGS_READ = "recordings:read"
    RECORDINGS_WRITE = "recordings:write"
    VOICES_READ = "voices:read"
    VOICES_WRITE = "voices:write"
    VOICES_ACCEPT = "voices:accept"
    VOICES_EXPORT = "voices:export"
    REFUSALS_WRITE = "refusals:write"
    SYNTHESES_READ = "syntheses:read"
    SYNTHESES_WRITE = "syntheses:write"
    VERIFICATIONS_READ = "verifications:read"
    VERIFICATIONS_WRITE = "verifications:write"
    VERIFICATIONS_ATTRIBUTE = "verifications:attribute"
    LOG_READ = "log:read"
    ERASURES_READ = "erasures:read"
    ERASURES_WRITE = "erasures:write"


# Rights that need a named person: an API key never holds them, whatever it was given.
PERSON_ONLY = frozenset(
    {
        Scope.CONSENTS_APPROVE,
        Scope.MEMBERS_WRITE,
        Scope.KEYS_WRITE,
        Scope.VOICES_ACCEPT,
        Scope.VOICES_EXPORT,
        Scope.REFUSALS_WRITE,
    }
)

_READS = frozenset(scope for scope in Scope if scope.endswith(":read"))
_MAKES = frozenset(
    {
        Scope.SPEAKERS_WRITE,
        Scope.CONSENTS_WRITE,
        Scope.RECORDINGS_WRITE,
        Scope.VOICES_WRITE,
        Scope.VOICES_ACCEPT,
        Scope.VOICES_EXPORT,
        Scope.SYNTHESES_WRITE,
        Scope.VERIFICATIONS_WRITE,
    }
)


class Role(StrEnum):
    """What a member is to the tenant."""

    OWNER = "owner"
    PRODUCER = "producer"
    CONSENT_OFFICER = "consent_officer"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"


SCOPES_OF: dict[Role, frozenset[Scope]] = {
    # The owner runs the organisation and still cannot approve a consent: that is the officer's name.
    Role.OWNER: _READS | _MAKES | {Scope.MEMBERS_WRITE, Scope.KEYS_WRITE, Scope.ERASURES_WRITE},
    Role.PRODUCER: (_READS - {Scope.MEMBERS_READ, Scope.KEYS_READ}) | _MAKES,
    Role.CONSENT_OFFICER: _READS
    | {
        Scope.SPEAKERS_WRITE,
        Scope.CONSENTS_WRITE,
        Scope.CONSENTS_APPROVE,
        Scope.VOICES_ACCEPT,
        Scope.ERASURES_WRITE,
    },
    Role.COMPLIANCE: _READS | {Scope.VERIFICATIONS_WRITE, Scope.VERIFICATIONS_ATTRIBUTE, Scope.REFUSALS_WRITE},
    Role.AUDITOR: _READS,
}


class ActorKind(StrEnum):
    """What sort of being acts."""

    MEMBER = "member"
    KEY = "key"
    SPEAKER = "speaker"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who acts, for whom, with which rights.

    `id` is the member's, key's or speaker's id; None for the system. It doubles as DRF's
    ``request.user``.
    """

    tenant_id: UUID
    kind: ActorKind
    id: UUID | None
    scopes: frozenset[Scope]
    role: Role | None = None

    is_authenticated = True

    @property
    def pk(self) -> str:
        """What a throttle counts by: the tenant, so that one tenant's keys share one limit."""
        return str(self.tenant_id)

    @property
    def label(self) -> str:
        """How the log names the actor: kind and random id, nothing personal."""
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)

    @property
    def is_person(self) -> bool:
        """True for a signed-in member: a named person stands behind the act."""
        return self.kind is ActorKind.MEMBER

    def may(self, scope: Scope) -> bool:
        """Whether this actor holds `scope`."""
        return scope in self.scopes and (self.is_person or scope not in PERSON_ONLY)


def system(tenant_id: UUID) -> Actor:
    """The platform itself acting for a tenant: jobs and expiry."""
    return Actor(tenant_id, ActorKind.SYSTEM, None, frozenset(Scope) - PERSON_ONLY)
