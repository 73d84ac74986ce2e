"""The work: speak a synthesis, train a version, and sweep up behind workers that died.

A synthesis goes through these steps; the functions here and in `rendering` carry the numbers:

 1. the job is claimed; what it needs is read; the consent is asked again; the script is prepared
 2. a record id is issued, and a place in the pattern drawn
 3. the script is spoken, the mark inside the inverse transform, the lease kept between chunks
 4. the sound is encoded
 5. the encoded bytes are decoded again and the mark is read from them; unreadable ends it here
    (a single word is tried at a few places first: some words hide a place badly)
 6. the bytes are sealed under the speaker's key and stored under a name that nothing points to
 7. release: one transaction locks the consent, confirms the mark, ends the job under its fence and logs it

A crash before 7 leaves nothing that anybody can reach; after 6 it leaves an orphan for the sweep.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from audio import wav
from audio.clip import Clip
from audio.encode import Encoded, Format
from audio.resample import resample
from audit.services import record
from isolation.scope import database_now, tenant_scope
from problems.errors import DomainError
from storage.objects import object_store
from storage.sealing import open_text, seal_bytes
from synthesis.attachments import ORPHAN_AFTER, attachment_end
from synthesis.card.measure import parted
from synthesis.engine import Take
from synthesis.enginehost import HOST
from synthesis.errors import NoRecordings
from synthesis.halfway import halfway_keep, halfway_open
from synthesis.judging import Judgement, judged, require_clonable
from synthesis.models import (
    FINETUNE_TASK,
    HALFWAY_KIND,
    RENDER_TASK,
    SCRIPT,
    SOUND,
    SOUND_KIND,
    FineTune,
    FineTuneKind,
    Synthesis,
)
from synthesis.rendering import Made, Manner, Report, Speech, Spoken, make
from synthesis.selectors import consent_asked, training_use, use_of
from voices.selectors import adapter_open, recordings_of, version_get
from voices.services import version_add
from watermark.services import mark_confirm, mark_issue
from work.errors import LeaseLost
from work.leases import CLOCK, Lease, claim, run
from work.models import JobState
from work.pulse import Pulse
from work.remaining import Remaining

PREVIEW_S, PREVIEW_RATE_HZ = 20.0, 24_000


# --- Synthesis --------------------------------------------------------------------------------------------


def synthesis_render(*, tenant_id: UUID, job_id: UUID) -> None:
    """Speak one synthesis; safe to run twice, and at once in two places."""
    lease = claim(Synthesis, tenant_id=tenant_id, job_id=job_id, task=RENDER_TASK)  # 1
    if lease is not None:
        with suppress(LeaseLost):  # it ended (withdrawn, erased) while our own refusal was on its way
            run(lease, lambda held: rendered(held, lambda _: ordered(held)))


def rendered(lease: Lease, prepare: Callable[[Report], tuple[Synthesis, Spoken]]) -> None:
    """Steps 1 to 7 for whatever `prepare` brings: a script, or a recording to be said in the voice."""
    with Pulse(lease, "reading") as pulse:
        row, speech = prepare(pulse.told)  # 1
        issue = mark_issue(tenant_id=lease.tenant_id, synthesis_id=row.pk)  # 2
        made = make(speech, issue, Format(row.format), pulse.told)  # 3, 4, 5
        key = _stored(row, made.encoded)  # 6
    try:
        synthesis_release(lease, row, made, key)  # 7
    except DomainError:
        # Only a refusal is sure not to have committed; after any other error the sweep decides by the row.
        object_store().delete(key)
        raise


def ordered(lease: Lease) -> tuple[Synthesis, Speech]:
    """The row and what it takes to speak it, the consent asked again."""
    with tenant_scope(lease.tenant_id):
        row = Synthesis.objects.select_related("version__voice", "consent").get(pk=lease.job_id)
        version = version_get(lease.tenant_id, row.version_id)
        consent_asked(
            tenant_id=lease.tenant_id,
            consent_id=row.consent_id,
            speaker_id=version.voice.speaker_id,
            use=use_of(row),
            lock=False,
        )
    script = _script(row)
    utterances = HOST.engine.prepare(
        script["text"], language=row.language, ssml=script["ssml"], lexicon=script["pronunciations"] or None
    )
    voice = HOST.voice(version.adapter_sha256, lambda: adapter_open(version))
    manner = Manner(row.seed, row.rate, row.pitch, row.energy)
    return row, Speech(HOST.engine, utterances, voice, manner, row.characters)


def _script(row: Synthesis) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(
        open_text(
            tenant_id=row.tenant_id,
            handle=row.subject_handle,
            purpose=SCRIPT,
            object_id=row.pk,
            data=bytes(row.sealed_script or b""),
        )
    )
    return opened


def _stored(row: Synthesis, encoded: Encoded) -> str:
    key = f"{row.tenant_id}/{SOUND_KIND}/{row.consent.speaker_id}/{uuid4()}"
    sealed = seal_bytes(
        tenant_id=row.tenant_id, handle=row.subject_handle, purpose=SOUND, object_id=row.pk, data=encoded.data
    )
    object_store().put(key, sealed, if_absent=True)
    return key


def synthesis_release(lease: Lease, row: Synthesis, made: Made, key: str) -> None:
    """Make a sound reachable, or not: the gate that is relied upon.

    The consent's row is locked first and stays so until the commit, so a withdrawal either committed
    before (and is seen here) or waits and finds the sound released, which it then puts into quarantine.

    Raises:
        Refused: the consent has ended. LeaseLost: somebody else has the job, or it was cancelled.
    """
    with tenant_scope(lease.tenant_id):
        consent_asked(
            tenant_id=lease.tenant_id,
            consent_id=row.consent_id,
            speaker_id=row.consent.speaker_id,
            use=use_of(row),
            lock=True,
        )
        mine = Synthesis.objects.filter(pk=row.pk, fence=lease.fence, state=JobState.RUNNING)
        if not mine.select_for_update().exists():
            raise LeaseLost(job=str(lease.job_id))
        mark_confirm(
            tenant_id=lease.tenant_id,
            synthesis_id=row.pk,
            subject_handle=row.subject_handle,
            issue=made.issue,
            place=made.place,
            seen=made.seen,
        )
        lease.end(
            JobState.DONE,
            stage="released",
            object_key=key,
            released_at=CLOCK,
            length_s=round(made.length_s, 3),
            media_type=made.encoded.media_type,
            media_bytes=len(made.encoded.data),
            media_sha256=hashlib.sha256(made.encoded.data).hexdigest(),
        )
        record(
            event="synthesis.released",
            tenant_id=lease.tenant_id,
            actor="system",
            object_id=row.pk,
            subject_handle=row.subject_handle,
            detail={
                "voice_version": str(row.version_id),
                "consent": str(row.consent_id),
                "record": f"{made.issue.record:012x}",
                "blind": made.seen.blind,
            },
        )


# --- Fine-tune --------------------------------------------------------------------------------------------


def finetune_train(*, tenant_id: UUID, job_id: UUID) -> None:
    """Make one version of a voice; safe to run twice, and at once in two places."""
    lease = claim(FineTune, tenant_id=tenant_id, job_id=job_id, task=FINETUNE_TASK)
    if lease is None:
        return
    try:
        with suppress(LeaseLost):  # as above
            run(lease, _train)
    finally:
        attachment_end(lease, HALFWAY_KIND, FineTune)


def _train(lease: Lease) -> None:
    with Pulse(lease, "opening recordings") as pulse:
        tune, takes = _takes(lease, pulse.told)
        require_clonable(HOST.engine, lease.tenant_id, takes)
        stored, judgement = _voice_of(tune, takes, pulse)
        _add_version(lease, tune, stored, judgement)


def _voice_of(tune: FineTune, takes: Sequence[Take], pulse: Pulse) -> tuple[bytes, Judgement]:
    """The bytes of the new version and how good it is; a preview has no card."""
    if tune.kind == FineTuneKind.PREVIEW:
        return _listened(takes), Judgement({})
    train, apart = parted(takes)
    stored = HOST.engine.adapt(
        train,
        seed=tune.seed,
        progress=_training(pulse),
        begun=halfway_open(tune),
        interim=lambda news: halfway_keep(tune, news.state),
    )
    pulse.told("listening to the voice", 92)
    return stored, judged(HOST.engine, (tune.tenant_id, tune.voice.speaker_id), stored, train, apart)


def _training(pulse: Pulse) -> Callable[[float], None]:
    """Reports of a training: how much of it is done, and when all of it will be."""
    remaining = Remaining()

    def told(done: float) -> None:
        left = remaining(done)
        expected = {} if left is None else {"expected_at": database_now() + timedelta(seconds=left)}
        pulse.told("training", 5 + 85 * done, **expected)

    return told


def _listened(takes: Sequence[Take]) -> bytes:
    """What a preview listens to, when there is a voice in it."""
    stored = _preview(takes)
    clip = wav.read(stored).mono()
    HOST.engine.voice_vector(clip.samples, clip.rate_hz)  # refuses what has no voice in it
    return stored


def _takes(lease: Lease, report: Report) -> tuple[FineTune, list[Take]]:
    with tenant_scope(lease.tenant_id):
        tune = FineTune.objects.select_related("voice", "consent").get(pk=lease.job_id)
        consent_asked(
            tenant_id=lease.tenant_id,
            consent_id=tune.consent_id,
            speaker_id=tune.voice.speaker_id,
            use=training_use(tune.kind),
            lock=False,
        )
    takes: list[Take] = []
    for number, recording_id in enumerate(tune.recordings):
        with tenant_scope(lease.tenant_id):  # one short transaction for each: decoding takes its time
            opened = list(recordings_of(tune.voice, [recording_id]))
        takes += [Take(clip.mono().samples, clip.rate_hz, text) for clip, text in opened]
        report("opening recordings", 1 + 4 * number / len(tune.recordings))
    if not takes:
        raise NoRecordings
    return tune, takes


def _preview(takes: Sequence[Take]) -> bytes:
    """What a preview keeps: up to twenty seconds of the speech it listens to, as a WAV."""
    parts = [resample(Clip(take.samples, take.rate_hz), PREVIEW_RATE_HZ).samples for take in takes]
    return wav.write(Clip(np.concatenate(parts), PREVIEW_RATE_HZ).cut(0.0, PREVIEW_S))


def _add_version(lease: Lease, tune: FineTune, stored: bytes, judgement: Judgement) -> None:
    """The release of a fine-tune: under the locked consent, the version appears and the job ends, or neither."""
    with tenant_scope(lease.tenant_id):
        consent_asked(
            tenant_id=lease.tenant_id,
            consent_id=tune.consent_id,
            speaker_id=tune.voice.speaker_id,
            use=training_use(tune.kind),
            lock=True,
        )
        version = version_add(
            tenant_id=lease.tenant_id,
            voice_id=tune.voice_id,
            adapter=stored,
            base_sha256=HOST.engine.base_sha256,
            measures={"recordings": len(tune.recordings), "engine": HOST.engine.name, **judgement.measures},
            picture=judgement.picture,
            preview=tune.kind == FineTuneKind.PREVIEW,
            is_draft=judgement.is_draft,
        )
        lease.end(JobState.DONE, stage="ready", version=version)
        record(
            event="finetune.done",
            tenant_id=lease.tenant_id,
            actor="system",
            object_id=tune.pk,
            subject_handle=tune.subject_handle,
            detail={
                "voice_version": str(version.pk),
                "consent": str(tune.consent_id),
                "state": str(version.state),
            },
        )


# --- Sweep ------------------------------------------------------------------------------------------------


def sweep_orphans(*, tenant_id: UUID) -> int:
    """Remove a tenant's sounds that no row names: a worker died between storing and releasing (settings.SWEEPS).

    Returns:
        How many were removed.
    """
    store = object_store()
    # What is young may be about to be released: its row is written after it.
    before = database_now() - ORPHAN_AFTER
    old = {info.key for info in store.find(f"{tenant_id}/{SOUND_KIND}/") if info.modified_at < before}
    rows = Synthesis.objects.filter(tenant_id=tenant_id, object_key__in=old)
    orphans = old - set(rows.values_list("object_key", flat=True))
    for key in orphans:
        store.delete(key)
    return len(orphans)
