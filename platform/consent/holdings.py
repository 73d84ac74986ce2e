"""What consents keep about a person: spoken evidence and what was found in it."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from django.db.models import Q, QuerySet

from consent.models import Consent, Evidence
from consent.selectors import evidence_prefix
from consent.states import State
from storage.objects import object_store
from work.leases import CLOCK
from work.models import FINAL, JobState, Outbox

_ENDED_BY = "system"


class Person(Protocol):
    """What is needed of `erasure.holdings.Subject`."""

    @property
    def tenant_id(self) -> UUID:
        """Whose speaker."""

    @property
    def speaker_id(self) -> UUID:
        """Which."""


class ConsentHolding:
    """Answers the erasure's questions for consents (`erasure.holdings.Holding`).

    Consents, challenges and receipts stay: codes, ids, digests and random words. They say that
    somebody who is nobody any more once agreed to terms, and every mark and log entry still finds them.
    """

    name = "consents and spoken evidence"

    def destroy(self, subject: Person) -> int:
        """End what is in force, stop open checks, delete the sound, empty the findings. Safe to repeat."""
        mine = Consent.objects.filter(tenant_id=subject.tenant_id, speaker_id=subject.speaker_id)
        mine.filter(state=State.PENDING).update(
            state=State.REFUSED, refusal="erased", ended_at=CLOCK, ended_by=_ENDED_BY
        )
        ended = mine.filter(state=State.ACTIVE).update(state=State.WITHDRAWN, ended_at=CLOCK, ended_by=_ENDED_BY)
        kept = self._kept(subject)
        self._stop(kept)
        # Objects first, by the speaker's prefix: one that no row names (a crash while it came in) goes as well.
        cleared = object_store().clear(evidence_prefix(subject.tenant_id, subject.speaker_id))
        return ended + cleared + kept.update(object_key="", findings=[])

    def left(self, subject: Person) -> list[str]:
        """Evidence whose sound or findings are still there; asks the store itself."""
        rows = [f"evidence {row}" for row in self._kept(subject).values_list("pk", flat=True)]
        prefix = evidence_prefix(subject.tenant_id, subject.speaker_id)
        return rows + [f"object {key}" for key in object_store().residue(prefix)]

    def _kept(self, subject: Person) -> QuerySet[Evidence]:
        of_person = Evidence.objects.filter(tenant_id=subject.tenant_id, consent__speaker_id=subject.speaker_id)
        return of_person.exclude(Q(object_key="") & Q(findings=[]))

    def _stop(self, evidence: QuerySet[Evidence]) -> None:
        # The fence moves on: a worker that is still listening can write nothing any more.
        running = evidence.exclude(state__in=FINAL)
        Outbox.objects.filter(object_id__in=list(running.values_list("pk", flat=True))).delete()
        for row in running:
            Evidence.objects.filter(pk=row.pk).update(
                state=JobState.CANCELLED, fence=row.fence + 1, cancel_requested=True, finished_at=CLOCK
            )
