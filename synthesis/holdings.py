"""What synthesis keeps on a person: sounds made with the voice, the texts they speak, and jobs under way."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from erasure.holdings import Subject
from storage.objects import object_store
from synthesis.enginehost import HOST
from synthesis.models import (
    FINETUNE_TASK,
    HALFWAY_KIND,
    SOUND_KIND,
    SOURCE_KIND,
    SPEAKING_TASKS,
    FineTune,
    Synthesis,
)
from synthesis.streams.pipe import pipes_drop, pipes_left
from voices.models import VoiceVersion
from work.leases import CLOCK
from work.models import FINAL, JobState, Outbox

_KINDS = (SOUND_KIND, SOURCE_KIND, HALFWAY_KIND)


class SynthesisHolding:
    """Answers the erasure's questions for sounds, texts and running work (`erasure.holdings.Holding`)."""

    name = "sounds made with the voice, their texts, and jobs under way"

    def destroy(self, subject: Subject) -> int:
        """Stop the jobs, remove the sounds, empty the rows; safe to repeat.

        A worker that holds one of the jobs finds its fence gone and throws its work away; what it may
        still store is sealed under a key that is destroyed last, and lies in the person's own folder.
        """
        destroyed = self._stop(subject)
        HOST.forget(
            VoiceVersion.objects.filter(voice__speaker_id=subject.speaker_id).values_list("adapter_sha256", flat=True)
        )
        destroyed += sum(object_store().clear(folder) for folder in _folders(subject))
        destroyed += pipes_drop(_ids(_syntheses(subject).filter(streamed=True)))
        destroyed += (
            _syntheses(subject)
            .filter(erased_at=None)
            .update(sealed_script=None, object_key="", media_sha256="", erased_at=CLOCK)
        )
        destroyed += _finetunes(subject).filter(erased_at=None).update(recordings=[], erased_at=CLOCK)
        return destroyed

    def left(self, subject: Subject) -> list[str]:
        """Sounds in the store, texts in rows, jobs that have not ended, adapters in this process."""
        found = [f"sound {key}" for folder in _folders(subject) for key in object_store().residue(folder)]
        found += [f"sound under way in {key}" for key in pipes_left(_ids(_syntheses(subject).filter(streamed=True)))]
        found += [f"text of {pk}" for pk in _ids(_syntheses(subject).exclude(sealed_script=None))]
        found += [f"name of a sound in {pk}" for pk in _ids(_syntheses(subject).exclude(object_key=""))]
        for rows in (_syntheses(subject), _finetunes(subject)):
            found += [f"job {pk}" for pk in _ids(rows.exclude(state__in=FINAL))]
        return found

    def _stop(self, subject: Subject) -> int:
        stopped = 0
        for rows, tasks in (
            (_syntheses(subject), SPEAKING_TASKS),
            (_finetunes(subject), (FINETUNE_TASK,)),
        ):
            going = list(_ids(rows.exclude(state__in=FINAL)))
            rows.filter(pk__in=going).update(
                state=JobState.CANCELLED, finished_at=CLOCK, lease_until=None, problem_code="speaker-erased"
            )
            Outbox.objects.filter(task__in=tasks, object_id__in=going).delete()
            stopped += len(going)
        return stopped


def _folders(subject: Subject) -> list[str]:
    """Finished sounds, recordings that wait to be said in the voice, and trainings half done."""
    return [f"{subject.tenant_id}/{kind}/{subject.speaker_id}/" for kind in _KINDS]


def _syntheses(subject: Subject) -> QuerySet[Synthesis]:
    return Synthesis.objects.filter(tenant_id=subject.tenant_id, consent__speaker_id=subject.speaker_id)


def _finetunes(subject: Subject) -> QuerySet[FineTune]:
    return FineTune.objects.filter(tenant_id=subject.tenant_id, consent__speaker_id=subject.speaker_id)


def _ids(rows: Any) -> Any:
    return rows.values_list("pk", flat=True)
