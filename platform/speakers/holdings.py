"""What speakers keeps on a person: name and contact, links, and stored replies that speak of them."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from api.models import IdempotentReply
from speakers.models import Speaker, SpeakerLinkDigest


class Person(Protocol):
    """What is needed of `erasure.holdings.Subject`, which stands above this package."""

    @property
    def tenant_id(self) -> UUID:
        """Whose speaker."""

    @property
    def speaker_id(self) -> UUID:
        """Which speaker."""

    @property
    def handle(self) -> str:
        """The handle of the speaker's keys."""


class SpeakerHolding:
    """Answers the erasure's questions for the person's own row (`erasure.holdings.Holding`)."""

    name = "name, contact, links and stored replies"

    def destroy(self, subject: Person) -> int:
        """Empty the sealed columns and replies, remove the links; returns how many rows. Safe to repeat."""
        speakers = Speaker.objects.filter(tenant_id=subject.tenant_id, pk=subject.speaker_id)
        changed = speakers.update(sealed_name=None, sealed_contact=None)
        changed += self._replies(subject).update(sealed_body=b"", headers={})
        changed += self._links(subject).delete()[0]
        return changed

    def left(self, subject: Person) -> list[str]:
        """What is still there, in words."""
        speakers = Speaker.objects.filter(tenant_id=subject.tenant_id, pk=subject.speaker_id)
        found = [f"speaker {row}" for row in speakers.exclude(sealed_name=None).values_list("id", flat=True)]
        found += [f"reply {row}" for row in self._replies(subject).values_list("id", flat=True)]
        found += ["speaker link" for _ in self._links(subject)]
        return found

    def _replies(self, subject: Person):  # type: ignore[no-untyped-def]  # a queryset of IdempotentReply
        rows = IdempotentReply.objects.filter(tenant_id=subject.tenant_id, handle=subject.handle)
        return rows.exclude(sealed_body=b"")

    def _links(self, subject: Person):  # type: ignore[no-untyped-def]  # a queryset of SpeakerLinkDigest
        return SpeakerLinkDigest.objects.filter(tenant_id=subject.tenant_id, speaker_id=subject.speaker_id)
