"""What the log keeps about a person: the sealed facts behind its entries, and nothing in the entries."""

from __future__ import annotations

from uuid import UUID

from audit.models import AuditDetail


class AuditHolding:
    """Answers the erasure's questions for the log (`erasure.protocol.Holding`).

    The entries stay: they hold commitments under the person's key, which open to nothing once that
    key is gone. The rows that a tenant reads lose their sealed facts and the handle.
    """

    name = "log details"

    def destroy(self, *, tenant_id: UUID, speaker_id: UUID, handle: str) -> int:
        """Empty the sealed facts; returns of how many entries. Safe to repeat."""
        return AuditDetail.objects.filter(tenant_id=tenant_id, handle=handle).update(sealed=None, handle="")

    def left(self, *, tenant_id: UUID, speaker_id: UUID, handle: str) -> list[str]:
        """The entries whose facts are still sealed under the person's key."""
        rows = AuditDetail.objects.filter(tenant_id=tenant_id, handle=handle)
        return [f"log entry {row}" for row in rows.values_list("id", flat=True)]
