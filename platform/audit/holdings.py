"""What the log keeps about a person: the sealed facts behind its entries, and nothing in the entries."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from audit.models import AuditDetail


class Person(Protocol):
    """What is needed of `erasure.holdings.Subject`, which stands above this package."""

    @property
    def tenant_id(self) -> UUID:
        """Whose speaker."""

    @property
    def handle(self) -> str:
        """The handle of the speaker's keys."""


class AuditHolding:
    """Answers the erasure's questions for the log (`erasure.holdings.Holding`).

    The entries stay: they hold commitments under the person's key, which open to nothing once that
    key is gone. The rows that a tenant reads lose their sealed facts and the handle.
    """

    name = "facts behind log entries"

    def destroy(self, subject: Person) -> int:
        """Empty the sealed facts; returns of how many entries. Safe to repeat."""
        rows = AuditDetail.objects.filter(tenant_id=subject.tenant_id, handle=subject.handle)
        return rows.update(sealed=None, handle="")

    def left(self, subject: Person) -> list[str]:
        """The entries whose facts are still sealed under the person's key."""
        rows = AuditDetail.objects.filter(tenant_id=subject.tenant_id, handle=subject.handle)
        return [f"log entry {row}" for row in rows.values_list("id", flat=True)]
