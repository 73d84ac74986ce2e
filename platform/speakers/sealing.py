"""What is sealed about a person, and the answer to the edge's question who seals stored replies."""

from __future__ import annotations

from uuid import UUID

from storage.sealing import open_bytes, seal_bytes

NAME, CONTACT, REPLY = "speaker-name", "speaker-contact", "idempotent-reply"


class ReplySealer:
    """Seals the stored replies of ``api.idempotency`` under the key of the person they speak of."""

    def seal(self, *, tenant_id: UUID, handle: str, object_id: UUID, body: bytes) -> bytes:
        """Ciphertext of `body`; an empty handle means the tenant's own key."""
        return seal_bytes(tenant_id=tenant_id, handle=handle, purpose=REPLY, object_id=object_id, data=body)

    def open(self, *, tenant_id: UUID, handle: str, object_id: UUID, sealed: bytes) -> bytes:
        """The body again.

        Raises:
            KeyShredded: the person was erased (410).
        """
        return open_bytes(tenant_id=tenant_id, handle=handle, purpose=REPLY, object_id=object_id, data=sealed)
