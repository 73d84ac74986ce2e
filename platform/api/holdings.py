"""What the edge keeps on a person: stored replies that speak of them."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID

from api.models import IdempotentReply


class Person(Protocol):
    """What is needed of `erasure.holdings.Subject`, which stands above this package."""

    @property
    def tenant_id(self) -> UUID:
        """Whose speaker."""

    @property
    def handle(self) -> str:
        """The handle of the speaker's keys."""


class ReplyHolding:
    """Answers the erasure's questions for stored replies (`erasure.holdings.Holding`).

    The rows stay, empty, so that a repeated request is told 410 instead of being done again.
    """

    name = "stored replies"

    def destroy(self, subject: Person) -> int:
        """Empty the replies; returns how many. Safe to repeat."""
        return int(self._kept(subject).update(sealed_body=b"", headers={}))

    def left(self, subject: Person) -> list[str]:
        """The replies that still hold something."""
        return [f"stored reply {row}" for row in self._kept(subject).values_list("id", flat=True)]

    def _kept(self, subject: Person) -> Any:
        rows = IdempotentReply.objects.filter(tenant_id=subject.tenant_id, handle=subject.handle)
        return rows.exclude(sealed_body=b"")
