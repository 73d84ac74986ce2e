"""What is kept about the person as such: name and contact."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.db.models import Q, QuerySet

from speakers.models import Speaker


class Person(Protocol):
    """What is needed of `erasure.holdings.Subject`, which stands above this package."""

    @property
    def tenant_id(self) -> UUID:
        """Whose speaker."""

    @property
    def speaker_id(self) -> UUID:
        """Which."""


class SpeakerHolding:
    """Answers the erasure's questions for the speaker's row (`erasure.holdings.Holding`).

    The row stays, empty, so that its address answers 410; so do the digests of the person's links,
    which hold random ids alone: the person's own page says that the erasure is done.
    """

    name = "name and contact"

    def destroy(self, subject: Person) -> int:
        """Empty the sealed columns; returns of how many rows. Safe to repeat."""
        return self._kept(subject).update(sealed_name=None, sealed_contact=None)

    def left(self, subject: Person) -> list[str]:
        """The row, while it still holds something."""
        return [f"speaker {row}" for row in self._kept(subject).values_list("pk", flat=True)]

    def _kept(self, subject: Person) -> QuerySet[Speaker]:
        filled = Q(sealed_name__isnull=False) | Q(sealed_contact__isnull=False)
        return Speaker.objects.filter(filled, tenant_id=subject.tenant_id, pk=subject.speaker_id)
