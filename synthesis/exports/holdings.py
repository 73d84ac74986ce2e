"""What exports keep on a person: the file, until it is erased here; a copy the owner took is the owner's."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from erasure.holdings import Subject
from storage.objects import object_store
from synthesis.exports.models import EXPORT_KIND, EXPORT_TASK, Export
from work.leases import CLOCK
from work.models import FINAL, JobState, Outbox


class ExportHolding:
    """Answers the erasure's questions for exported voices (`erasure.holdings.Holding`)."""

    name = "voices written out as files"

    def destroy(self, subject: Subject) -> int:
        """Stop the jobs, remove the files, empty the rows; safe to repeat."""
        rows = _exports(subject)
        going = list(_ids(rows.exclude(state__in=FINAL)))
        rows.filter(pk__in=going).update(
            state=JobState.CANCELLED, finished_at=CLOCK, lease_until=None, problem_code="speaker-erased"
        )
        Outbox.objects.filter(task=EXPORT_TASK, object_id__in=going).delete()
        destroyed = len(going) + object_store().clear(_folder(subject))
        # The record stays: what a copy says somewhere is still ours to recognise, and it names nobody.
        return destroyed + rows.filter(erased_at=None).update(object_key="", media_sha256="", erased_at=CLOCK)

    def left(self, subject: Subject) -> list[str]:
        """Files in the store, names of files in rows, jobs that have not ended."""
        rows = _exports(subject)
        found = [f"export {key}" for key in object_store().residue(_folder(subject))]
        found += [f"name of an export in {pk}" for pk in _ids(rows.exclude(object_key=""))]
        return found + [f"job {pk}" for pk in _ids(rows.exclude(state__in=FINAL))]


def _folder(subject: Subject) -> str:
    return f"{subject.tenant_id}/{EXPORT_KIND}/{subject.speaker_id}/"


def _exports(subject: Subject) -> QuerySet[Export]:
    return Export.objects.filter(tenant_id=subject.tenant_id, consent__speaker_id=subject.speaker_id)


def _ids(rows: Any) -> Any:
    return rows.values_list("pk", flat=True)
