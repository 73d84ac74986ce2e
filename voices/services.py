"""Accept uploads and recordings, make voices and their versions, take them out of use.

Every act here runs in the request's transaction and is recorded in it. Nothing is decoded here: that is `jobs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Max

from audio.errors import AudioTooLarge
from audit.services import record
from isolation.scope import database_now
from problems.errors import NotFound
from speakers.models import Speaker
from speakers.selectors import speaker_get
from storage.errors import ObjectMissing
from storage.objects import PresignedPut, intake_store, object_store
from storage.sealing import seal_bytes, seal_text
from tenants.actor import Actor
from tenants.errors import PersonNeeded
from voices.errors import NotADraft, UploadMissing, UploadUsed, VoiceErased
from voices.holdings import object_prefix, recording_empty, upload_empty
from voices.jobs import TAKE_LIMITS
from voices.models import (
    ADAPTER,
    ADAPTER_KIND,
    INGEST_TASK,
    INTAKE_KIND,
    PICTURE,
    PICTURE_ENDING,
    TRANSCRIPT,
    VOICE_NAME,
    Recording,
    Upload,
    VersionState,
    Voice,
    VoiceState,
    VoiceVersion,
)
from voices.reading import Reading
from voices.selectors import consent_to_enrol, recording_get, sound_open, upload_get, version_numbered, voice_get
from work.leases import cancel, enqueue
from work.models import FINAL

UPLOAD_S = 900  # how long an address for an upload lives


# --- Recordings ---------------------------------------------------------------------------------------


@transaction.atomic
def upload_open(
    *, actor: Actor, speaker_id: UUID, size: int, content_type: str, consent_id: UUID | None = None
) -> tuple[Upload, PresignedPut]:
    """Hand out an address for one file of one speaker; not before there is a consent to record.

    Raises:
        NotFound, Gone, Refused: as `consent_to_enrol` and ``speakers.selectors.speaker_get``.
        AudioTooLarge: more bytes than a recording may have.
    """
    if size > TAKE_LIMITS.file_bytes:
        raise AudioTooLarge(limit_bytes=TAKE_LIMITS.file_bytes)
    speaker = speaker_get(actor, speaker_id)
    consent = consent_to_enrol(tenant_id=actor.tenant_id, speaker_id=speaker.pk, consent_id=consent_id)
    key = f"{object_prefix(actor.tenant_id, INTAKE_KIND, speaker.pk)}{uuid4()}"
    upload = Upload.objects.create(
        tenant_id=actor.tenant_id,
        speaker=speaker,
        consent=consent,
        object_key=key,
        size=size,
        content_type=content_type,
        expires_at=database_now() + timedelta(seconds=UPLOAD_S),
    )
    return upload, intake_store().presign_put(key, size=size, content_type=content_type, expires_s=UPLOAD_S)


@transaction.atomic
def recording_create(*, actor: Actor, upload_id: UUID, reading: Reading) -> Recording:
    """Take an arrived upload as a recording that waits to be judged.

    Raises:
        NotFound, Gone, Refused: as `upload_open`; the consent is asked again.
        UploadMissing: the file has not arrived. UploadUsed: it is a recording already.
        PromptUnknown, TranscriptMissing: see Reading.
    """
    upload = upload_get(actor, upload_id)
    speaker = speaker_get(actor, upload.speaker_id)
    consent_to_enrol(tenant_id=actor.tenant_id, speaker_id=speaker.pk, consent_id=upload.consent_id)
    words = reading.words()
    if Recording.objects.filter(tenant_id=actor.tenant_id, upload=upload).exists():
        raise UploadUsed()
    _require_arrived(upload)
    recording = _recording_written(upload, speaker, reading, words)
    record(
        event="recording.received",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=recording.pk,
        subject_handle=speaker.key_handle,
        detail={"consent": str(upload.consent_id), "language": reading.language, "prompt": reading.prompt},
    )
    enqueue(tenant_id=actor.tenant_id, task=INGEST_TASK, object_id=recording.pk)
    return recording


def _require_arrived(upload: Upload) -> None:
    try:
        info = intake_store().head(upload.object_key)
    except ObjectMissing as error:
        raise UploadMissing(upload=str(upload.pk)) from error
    if info.size != upload.size:
        raise UploadMissing("The file that arrived has another size than the announced one", upload=str(upload.pk))


def _recording_written(upload: Upload, speaker: Speaker, reading: Reading, words: str) -> Recording:
    identity = uuid4()
    return Recording.objects.create(
        id=identity,
        tenant_id=upload.tenant_id,
        speaker=speaker,
        consent_id=upload.consent_id,
        upload=upload,
        language=reading.language,
        prompt=reading.prompt,
        sealed_transcript=seal_text(
            tenant_id=upload.tenant_id,
            handle=speaker.key_handle,
            purpose=TRANSCRIPT,
            object_id=identity,
            text=words,
        ),
    )


@transaction.atomic
def recording_listen(*, actor: Actor, recording_id: UUID) -> bytes:
    """An accepted recording's FLAC; the consent is asked for every download, so that a withdrawal stops the next.

    Raises:
        NotFound, RecordingErased, RecordingNotReady. Refused: there is no live consent.
    """
    recording = recording_get(actor, recording_id)
    consent_to_enrol(
        tenant_id=actor.tenant_id, speaker_id=recording.speaker_id, consent_id=recording.consent_id, lock=True
    )
    sound = sound_open(recording)
    record(
        event="recording.heard",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=recording.pk,
        subject_handle=recording.speaker.key_handle,
    )
    return sound


@transaction.atomic
def recording_delete(*, actor: Actor, recording_id: UUID) -> None:
    """Destroy one recording; a judgement that is under way is stopped. What was learnt from it stays.

    Raises:
        NotFound, RecordingErased.
    """
    recording = recording_get(actor, recording_id)
    recording_empty(recording)
    record(
        event="recording.deleted",
        tenant_id=actor.tenant_id,
        actor=actor.label,
        object_id=recording.pk,
        subject_handle=recording.speaker.key_handle,
    )


@transaction.atomic
def consent_ended(*, tenant_id: UUID, consent_id: UUID, reason: str) -> None:
    """Stop judging under a consent that has ended, and empty its uploads. Answers settings.CONSENT_REACTIONS.

    What was accepted stays sealed and is usable again under a new consent; an erasure is the act that destroys it.
    """
    for recording_id in (
        Recording.objects.filter(consent_id=consent_id).exclude(state__in=FINAL).values_list("pk", flat=True)
    ):
        cancel(Recording, job_id=recording_id, task=INGEST_TASK)
    for upload in Upload.objects.filter(consent_id=consent_id, emptied_at=None):
        upload_empty(upload)


# --- Voices -------------------------------------------------------------------------------------------


@transaction.atomic
def voice_create(*, actor: Actor, speaker_id: UUID, name: str, language: str) -> Voice:
    """Make the profile of a speaker; versions come by fine-tuning.

    Raises:
        NotFound, Gone: see ``speakers.selectors.speaker_get``. Refused: there is no consent to record.
    """
    speaker = speaker_get(actor, speaker_id)
    consent_to_enrol(tenant_id=actor.tenant_id, speaker_id=speaker.pk, consent_id=None)
    identity = uuid4()
    sealed = seal_text(
        tenant_id=actor.tenant_id, handle=speaker.key_handle, purpose=VOICE_NAME, object_id=identity, text=name
    )
    voice = Voice.objects.create(
        id=identity, tenant_id=actor.tenant_id, speaker=speaker, sealed_name=sealed, language=language
    )
    _voice_recorded("voice.created", actor, voice, {"language": language})
    return voice


@transaction.atomic
def voice_retire(*, actor: Actor, voice_id: UUID) -> Voice:
    """Take a voice with all its versions out of use; its outputs stay.

    Raises:
        NotFound, VoiceErased.
    """
    voice = voice_get(actor, voice_id)
    voice.state = VoiceState.RETIRED
    voice.save(update_fields=["state"])
    _voice_recorded("voice.retired", actor, voice, {})
    return voice


@transaction.atomic
def version_retire(*, actor: Actor, voice_id: UUID, number: int) -> VoiceVersion:
    """Take one version out of use; the others stay callable.

    Raises:
        NotFound, VoiceErased.
    """
    voice = voice_get(actor, voice_id)
    version = version_numbered(voice, number)
    version.state = VersionState.RETIRED
    version.save(update_fields=["state"])
    _voice_recorded("voice.version_retired", actor, voice, {"number": number})
    return version


@transaction.atomic
def version_accept(*, actor: Actor, voice_id: UUID, number: int) -> VoiceVersion:
    """Let a trained version be used although its card lies below the bar: a named person's decision, on the log.

    Raises:
        PersonNeeded: a service key asks. NotFound, VoiceErased. NotADraft: it is in use, retired, or a preview.
    """
    if not actor.is_person:
        raise PersonNeeded(needed="voices:accept")
    voice = voice_get(actor, voice_id)
    version_numbered(voice, number)
    drafts = VoiceVersion.objects.filter(voice=voice, number=number, state=VersionState.DRAFT, preview=False)
    if not drafts.update(state=VersionState.READY):
        raise NotADraft()
    _voice_recorded("voice.version_accepted", actor, voice, {"number": number})
    return version_numbered(voice, number)


def _voice_recorded(event: str, actor: Actor, voice: Voice, detail: Mapping[str, Any]) -> None:
    record(
        event=event,
        tenant_id=voice.tenant_id,
        actor=actor.label,
        object_id=voice.pk,
        subject_handle=voice.speaker.key_handle,
        detail=detail,
    )


@transaction.atomic
def version_add(
    *,
    tenant_id: UUID,
    voice_id: UUID,
    adapter: bytes,
    base_sha256: str,
    measures: Mapping[str, Any],
    picture: bytes | None = None,
    preview: bool = False,
    is_draft: bool = False,
) -> VoiceVersion:
    """Seal an adapter and make it the next version of its voice; the caller has locked the consent.

    Args:
        picture: the PNG of the quality card.
        is_draft: kept back by the card; a named person may accept it (`version_accept`). Previews always are drafts.

    A rollback after the object was stored leaves an orphan that no row names; the sweep removes it.

    Raises:
        NotFound, VoiceErased: the voice went while the adapter was made. KeyShredded: its person did.
    """
    voice = _voice_locked(tenant_id, voice_id)
    identity = uuid4()
    sealed = seal_bytes(
        tenant_id=tenant_id, handle=voice.speaker.key_handle, purpose=ADAPTER, object_id=identity, data=adapter
    )
    key = f"{object_prefix(tenant_id, ADAPTER_KIND, voice.speaker_id)}{identity}"
    object_store().put(key, sealed, if_absent=True)
    if picture is not None:
        drawn = seal_bytes(
            tenant_id=tenant_id, handle=voice.speaker.key_handle, purpose=PICTURE, object_id=identity, data=picture
        )
        object_store().put(key + PICTURE_ENDING, drawn, if_absent=True)
    newest = VoiceVersion.objects.filter(voice_id=voice.pk).aggregate(newest=Max("number"))["newest"]
    return VoiceVersion.objects.create(
        id=identity,
        tenant_id=tenant_id,
        voice=voice,
        number=(newest or 0) + 1,
        base_sha256=base_sha256,
        adapter_sha256=hashlib.sha256(adapter).hexdigest(),
        adapter_object=key,
        measures=dict(measures),
        preview=preview,
        state=VersionState.DRAFT if preview or is_draft else VersionState.READY,
    )


def _voice_locked(tenant_id: UUID, voice_id: UUID) -> Voice:
    # Locked, because the next number is read from the rows and two fine-tunes may end at once.
    rows = Voice.objects.select_for_update(of=("self",)).select_related("speaker")
    voice = rows.filter(tenant_id=tenant_id, pk=voice_id).first()
    if voice is None:
        raise NotFound()
    if voice.state == VoiceState.ERASED:
        raise VoiceErased()
    return voice
