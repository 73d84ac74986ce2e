"""Accept fine-tunes and syntheses, hand out what was released, and stop when a consent ends.

Each function is one transaction: load, decide, write, record, outbox row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import transaction

from audio.encode import Encoded, Format
from audit.services import record
from consent.rules import Use
from consent.selectors import consent_to_use
from storage.objects import object_store
from storage.sealing import open_bytes, seal_text
from synthesis.errors import NoRecordings, NotReady, Quarantined, SoundNotKept
from synthesis.models import (
    FINETUNE_TASK,
    SCRIPT,
    SOUND,
    SPEAKING_TASKS,
    FineTune,
    FineTuneKind,
    GovernedJob,
    Synthesis,
)
from synthesis.selectors import (
    consent_asked,
    finetune_get,
    synthesis_get,
    training_use,
    use_of,
)
from tenants.actor import Actor
from tenants.services import quota_take
from voices.selectors import recordings_usable, version_get, voice_get
from work.errors import JobFinished
from work.leases import CLOCK, cancel, enqueue
from work.models import FINAL, JobState, Outbox

CHARACTERS_A_MONTH = 2_000_000
FINETUNES_A_MONTH = 500


@dataclass(frozen=True)
class Order:
    """What is to be spoken and how. `pronunciations` maps written forms to phonemes."""

    text: str
    ssml: bool = False
    pronunciations: Mapping[str, str] | None = None
    format: str = Format.WAV.value
    seed: int = 0
    rate: float = 1.0
    pitch: float = 1.0
    energy: float = 1.0


@transaction.atomic(savepoint=False)  # inside a request's transaction a refusal ends that one
def synthesis_request(
    *,
    actor: Actor,
    version_id: UUID,
    use: Use,
    order: Order,
    consent_id: UUID | None = None,
    streamed: bool = False,
    converted: bool = False,
) -> Synthesis:
    """Accept a text for a voice and a declared use.

    Args:
        streamed: it is to be heard while it is spoken.
        converted: it is to be said as a recording says it (`conversions.services`).

    Raises:
        NotFound: no such voice version or consent of this tenant.
        Gone: the speaker has been erased.
        Refused: the consent does not allow this use now; see ``consent.errors``.
        QuotaExhausted: the month's characters are used up.
    """
    version = version_get(actor, version_id)
    speaker = version.voice.speaker
    consent_id = consent_id or consent_to_use(tenant_id=actor.tenant_id, speaker_id=speaker.pk)
    consent_asked(tenant_id=actor.tenant_id, consent_id=consent_id, speaker_id=speaker.pk, use=use, lock=False)
    quota_take(actor=actor, what="characters", amount=len(order.text), allowed=CHARACTERS_A_MONTH)
    way = {"streamed": streamed, "converted": converted}
    synthesis = _written(actor, version.pk, speaker.key_handle, consent_id, use, order, way)
    record(
        event="synthesis.requested",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=synthesis.pk,
        subject_handle=speaker.key_handle,
        detail={"voice_version": str(version.pk), "consent": str(consent_id), "characters": len(order.text)},
    )
    enqueue(tenant_id=actor.tenant_id, task=synthesis.task, object_id=synthesis.pk)
    return synthesis


def _written(
    actor: Actor, version_id: UUID, handle: str, consent_id: UUID, use: Use, order: Order, way: Mapping[str, bool]
) -> Synthesis:
    identity = uuid4()
    script = {"text": order.text, "ssml": order.ssml, "pronunciations": dict(order.pronunciations or {})}
    sealed = seal_text(
        tenant_id=actor.tenant_id, handle=handle, purpose=SCRIPT, object_id=identity, text=json.dumps(script)
    )
    return Synthesis.objects.create(
        id=identity,
        tenant_id=actor.tenant_id,
        version_id=version_id,
        consent_id=consent_id,
        subject_handle=handle,
        requested_by=actor.label,
        purpose=use.purpose,
        channel=use.channel,
        language=use.language,
        territory=use.territory,
        content_class=use.content_class,
        recipient=use.recipient,
        sealed_script=sealed,
        characters=len(order.text),
        **way,
        format=order.format,
        seed=order.seed,
        rate=order.rate,
        pitch=order.pitch,
        energy=order.energy,
    )


@transaction.atomic
def finetune_request(
    *,
    actor: Actor,
    voice_id: UUID,
    kind: str = FineTuneKind.ADAPTED,
    recordings: Sequence[UUID] = (),
    seed: int = 0,
    consent_id: UUID | None = None,
) -> FineTune:
    """Ask for a new version of a voice from its recordings (all usable ones when none are named).

    Raises:
        NotFound, Gone, Refused: as `synthesis_request`.
        NoRecordings: none of the recordings is usable.
        QuotaExhausted: the month's fine-tunes are used up.
    """
    voice = voice_get(actor, voice_id)
    speaker = voice.speaker
    consent_id = consent_id or consent_to_use(tenant_id=actor.tenant_id, speaker_id=speaker.pk)
    use = training_use(kind)
    consent_asked(tenant_id=actor.tenant_id, consent_id=consent_id, speaker_id=speaker.pk, use=use, lock=False)
    usable = recordings_usable(voice, recordings)
    if not usable:
        raise NoRecordings()
    quota_take(actor=actor, what="finetunes", amount=1, allowed=FINETUNES_A_MONTH)
    tune = FineTune.objects.create(
        tenant_id=actor.tenant_id,
        voice=voice,
        consent_id=consent_id,
        subject_handle=speaker.key_handle,
        requested_by=actor.label,
        kind=kind,
        recordings=list(usable),
        seed=seed,
    )
    record(
        event="finetune.requested",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=tune.pk,
        subject_handle=speaker.key_handle,
        detail={"voice": str(voice.pk), "consent": str(consent_id), "recordings": len(usable), "kind": kind},
    )
    enqueue(tenant_id=actor.tenant_id, task=FINETUNE_TASK, object_id=tune.pk)
    return tune


@transaction.atomic
def synthesis_cancel(*, actor: Actor, synthesis_id: UUID) -> Synthesis:
    """Stop a synthesis: at once while it waits, at its next heartbeat while it runs.

    Raises:
        NotFound, Gone. JobFinished: it has already ended.
    """
    synthesis = synthesis_get(actor, synthesis_id)
    _cancel(actor, synthesis, synthesis.task, "synthesis.cancelled")
    return synthesis_get(actor, synthesis_id)


@transaction.atomic
def finetune_cancel(*, actor: Actor, finetune_id: UUID) -> FineTune:
    """Stop a fine-tune; see `synthesis_cancel`."""
    _cancel(actor, finetune_get(actor, finetune_id), FINETUNE_TASK, "finetune.cancelled")
    return finetune_get(actor, finetune_id)


def _cancel(actor: Actor, job: GovernedJob, task: str, event: str) -> None:
    if job.state in FINAL:
        raise JobFinished(state=job.state)
    cancel(type(job), job_id=job.pk, task=task)
    record(
        event=event,
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=job.pk,
        subject_handle=job.subject_handle,
        detail={"was": job.state},
    )


@dataclass(frozen=True)
class Download:
    """A released sound on its way out; `data` is None when the caller has it already."""

    data: bytes | None
    sha256: str
    media_type: str
    suffix: str


@transaction.atomic
def synthesis_download(*, actor: Actor, synthesis_id: UUID, has_sha256: frozenset[str] = frozenset()) -> Download:
    """Hand out a released sound. The consent is asked again every time, also for what the caller has already.

    Raises:
        NotFound, Gone. NotReady: there is no sound. Refused: the consent has ended. Quarantined.
        SoundNotKept: it was a stream.
    """
    synthesis = synthesis_get(actor, synthesis_id)
    if synthesis.streamed:
        raise SoundNotKept()
    if synthesis.state != JobState.DONE:
        raise NotReady(state=synthesis.state)
    consent_asked(
        tenant_id=actor.tenant_id,
        consent_id=synthesis.consent_id,
        speaker_id=synthesis.consent.speaker_id,
        use=use_of(synthesis),
        lock=False,
    )
    if synthesis.quarantined_at is not None:
        raise Quarantined(reason=synthesis.quarantine_reason)
    suffix = Encoded(b"", Format(synthesis.format), 0, 1).suffix
    if synthesis.media_sha256 in has_sha256:
        return Download(None, synthesis.media_sha256, synthesis.media_type, suffix)
    data = _sound(synthesis)
    record(
        event="synthesis.downloaded",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=synthesis.pk,
        subject_handle=synthesis.subject_handle,
        detail={"bytes": len(data)},
    )
    return Download(data, synthesis.media_sha256, synthesis.media_type, suffix)


def _sound(synthesis: Synthesis) -> bytes:
    return open_bytes(
        tenant_id=synthesis.tenant_id,
        handle=synthesis.subject_handle,
        purpose=SOUND,
        object_id=synthesis.pk,
        data=object_store().get(synthesis.object_key),
    )


def consent_ended(*, tenant_id: UUID, consent_id: UUID, reason: str) -> None:
    """Stop everything that hangs on a consent, in the transaction that ends it (settings.CONSENT_REACTIONS).

    Waiting and running jobs are cancelled where they stand: a worker that is at it finds its fence gone.
    What was finished is put into quarantine. Nothing here is relied on alone: the release gate and
    every download ask the consent itself.
    """
    code = f"consent-{reason}"
    for model, tasks in ((Synthesis, SPEAKING_TASKS), (FineTune, (FINETUNE_TASK,))):
        of_consent = model._default_manager.filter(tenant_id=tenant_id, consent_id=consent_id)
        stopped = list(of_consent.exclude(state__in=FINAL).select_for_update().values_list("pk", flat=True))
        of_consent.filter(pk__in=stopped).update(
            state=JobState.CANCELLED, finished_at=CLOCK, lease_until=None, cancel_requested=True, problem_code=code
        )
        Outbox.objects.filter(task__in=tasks, object_id__in=stopped).delete()
        done = of_consent.filter(state=JobState.DONE, quarantined_at=None)
        done.update(quarantined_at=CLOCK, quarantine_reason=code)
