"""What is personal in rows, sealed under the person's own key. Purposes are named here once."""

from __future__ import annotations

from uuid import UUID

from speakers.models import Speaker
from storage import sealing

NAME, CONTACT, REPLY = "speaker-name", "speaker-contact", "idempotent-reply"


def part_seal(speaker: Speaker, purpose: str, text: str) -> bytes:
    """`text` as the sealed part `purpose` of the speaker's row.

    Raises:
        KeyShredded: the person was erased.
    """
    return sealing.seal_text(
        tenant_id=speaker.tenant_id, handle=speaker.key_handle, purpose=purpose, object_id=speaker.pk, text=text
    )


def part_open(speaker: Speaker, purpose: str) -> str:
    """A sealed part of the speaker's row as text; empty when it was never given or is erased."""
    sealed = speaker.sealed_name if purpose == NAME else speaker.sealed_contact
    if sealed is None:
        return ""
    return sealing.open_text(
        tenant_id=speaker.tenant_id,
        handle=speaker.key_handle,
        purpose=purpose,
        object_id=speaker.pk,
        data=bytes(sealed),
    )


class ReplySealer:
    """Seals stored replies to idempotent requests (`api.idempotency.ReplySealer`).

    A reply that speaks of a person is sealed under that person's key: after an erasure the replay
    answers 410, like everything else about the person.
    """

    def seal(self, *, tenant_id: UUID, handle: str, object_id: UUID, body: bytes) -> bytes:
        """Ciphertext of `body`; an empty handle means the tenant's own key."""
        return sealing.seal_bytes(tenant_id=tenant_id, handle=handle, purpose=REPLY, object_id=object_id, data=body)

    def open(self, *, tenant_id: UUID, handle: str, object_id: UUID, sealed: bytes) -> bytes:
        """The body again.

        Raises:
            KeyShredded: the person it speaks of was erased.
        """
        return sealing.open_bytes(tenant_id=tenant_id, handle=handle, purpose=REPLY, object_id=object_id, data=sealed)
