"""What watermark keeps on a person: the fingerprints of their sounds, and what reading their marks back showed."""

from __future__ import annotations

from django.db.models import QuerySet

from erasure.holdings import Subject
from watermark.models import Mark


class MarkHolding:
    """Answers the erasure's questions for marks (`erasure.holdings.Holding`).

    The record ids stay in `MarkRecord` and where they lie in `MarkPlace`: random numbers, and a length in whole tens of
    seconds, that say "this sound is ours" and nothing of whom.
    """

    name = "fingerprints of sounds and the reading of their marks"

    def destroy(self, subject: Subject) -> int:
        """Remove the marks; returns how many rows."""
        return _marks(subject).delete()[0]

    def left(self, subject: Subject) -> list[str]:
        """Marks that are still there."""
        return [f"mark {pk}" for pk in _marks(subject).values_list("pk", flat=True)]


def _marks(subject: Subject) -> QuerySet[Mark]:
    return Mark.objects.filter(tenant_id=subject.tenant_id, subject_handle=subject.handle)
