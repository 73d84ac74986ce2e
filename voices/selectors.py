"""The only ways to hold uploads, recordings, voices and versions, and to open what is sealed in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from audio.clip import Clip
from audio.decode import decode
from consent.errors import EvidenceMissing
from consent.models import Consent
from consent.rules import Use
from consent.selectors import consent_to_use, evidence_clip
from consent.services import consent_require
from problems.errors import NotFound
from storage.errors import ObjectMissing
from storage.objects import object_store
from storage.sealing import open_bytes, open_text
from tenants.actor import Actor
from voices.errors import (
    ConsentOfAnother,
    RecordingErased,
    RecordingNotReady,
    ScriptMissing,
    VoiceDraft,
    VoiceErased,
    VoiceRetired,
)
from voices.models import (
    ADAPTER,
    PICTURE,
    PICTURE_ENDING,
    SOUND,
    TRANSCRIPT,
    VOICE_NAME,
    Recording,
    Upload,
    VersionState,
    Voice,
    VoiceState,
    VoiceVersion,
)
from voices.prompts.script import Script, languages, script
from work.models import JobState

# --- Consent ------------------------------------------------------------------------------------------


def consent_to_enrol(*, tenant_id: UUID, speaker_id: UUID, consent_id: UUID | None, lock: bool = False) -> Consent:
    """The speaker's consent, when it allows recording now; the newest one in force when none is named.

    Raises:
        NotFound: no such consent. ConsentOfAnother: it is another speaker's.
        Refused: see ``consent.services.consent_require``.
    """
    if consent_id is None:
        consent_id = consent_to_use(tenant_id=tenant_id, speaker_id=speaker_id)
    consent = consent_require(tenant_id=tenant_id, consent_id=consent_id, use=Use(act="enrol"), lock=lock)
    if consent.speaker_id != speaker_id:
        raise ConsentOfAnother()
    return consent


# --- Recordings ---------------------------------------------------------------------------------------


def upload_get(actor: Actor, upload_id: UUID) -> Upload:
    """One upload.

    Raises:
        NotFound: no such upload of this tenant.
    """
    rows = Upload.objects.select_related("speaker").filter(tenant_id=actor.tenant_id, pk=upload_id)
    found = rows.first()
    if found is None:
        raise NotFound()
    return found


def recording_list(actor: Actor) -> QuerySet[Recording]:
    """The tenant's recordings that still exist."""
    return Recording.objects.filter(tenant_id=actor.tenant_id, erased_at=None)


def recording_get(actor: Actor, recording_id: UUID) -> Recording:
    """One recording.

    Raises:
        NotFound: no such recording of this tenant. RecordingErased: it was deleted.
    """
    rows = Recording.objects.select_related("speaker").filter(tenant_id=actor.tenant_id, pk=recording_id)
    found = rows.first()
    if found is None:
        raise NotFound()
    if found.erased_at is not None:
        raise RecordingErased()
    return found


def transcript_open(recording: Recording) -> str:
    """What is said in a recording; empty once it is gone."""
    if recording.sealed_transcript is None:
        return ""
    return open_text(
        tenant_id=recording.tenant_id,
        handle=recording.speaker.key_handle,
        purpose=TRANSCRIPT,
        object_id=recording.pk,
        data=bytes(recording.sealed_transcript),
    )


def sound_open(recording: Recording) -> bytes:
    """An accepted recording's FLAC: mono, 24 kHz, silence trimmed.

    Raises:
        RecordingNotReady: it has not been accepted.
    """
    if recording.state != JobState.DONE or not recording.object_key:
        raise RecordingNotReady(state=recording.state)
    return open_bytes(
        tenant_id=recording.tenant_id,
        handle=recording.speaker.key_handle,
        purpose=SOUND,
        object_id=recording.pk,
        data=object_store().get(recording.object_key),
    )


def recordings_accepted(tenant_id: UUID, speaker_id: UUID) -> QuerySet[Recording]:
    """A speaker's accepted recordings that still have their sound, oldest first."""
    rows = Recording.objects.select_related("speaker").filter(
        tenant_id=tenant_id, speaker_id=speaker_id, state=JobState.DONE, erased_at=None
    )
    return rows.exclude(object_key="").order_by("created_at", "pk")


def recordings_usable(voice: Voice, recordings: Sequence[UUID] = ()) -> list[UUID]:
    """The accepted recordings of the voice's speaker in its language, oldest first; of those named, where any are."""
    rows = recordings_accepted(voice.tenant_id, voice.speaker_id)
    rows = rows.filter(pk__in=recordings) if recordings else rows.filter(language=voice.language)
    return list(rows.values_list("pk", flat=True))


def recordings_of(voice: Voice, recordings: Sequence[UUID] = ()) -> Iterator[tuple[Clip, str]]:
    """Sound and words of the usable recordings, one at a time, so that only one lies open in memory."""
    for recording_id in recordings_usable(voice, recordings):
        recording = Recording.objects.select_related("speaker").get(pk=recording_id)
        yield decode(sound_open(recording)), transcript_open(recording)


def others_beside(tenant_id: UUID, speaker_id: UUID, most: int) -> list[Clip]:
    """One accepted recording of each of the tenant's other speakers, the newest speakers first."""
    rows = Recording.objects.select_related("speaker").filter(tenant_id=tenant_id, state=JobState.DONE, erased_at=None)
    rows = rows.exclude(object_key="").exclude(speaker_id=speaker_id)
    newest = rows.order_by("speaker_id", "-created_at").distinct("speaker_id")
    return [decode(sound_open(row)) for row in sorted(newest, key=lambda row: row.created_at, reverse=True)[:most]]


def reference_of(recording: Recording) -> Clip | None:
    """The speaker's voice from a source that a person has judged: the evidence of the consent.

    Returns:
        The speaker's first accepted recording where the evidence is not there; None where that is not there either.
    """
    try:
        return evidence_clip(tenant_id=recording.tenant_id, consent_id=recording.consent_id)
    except EvidenceMissing:
        first = recordings_accepted(recording.tenant_id, recording.speaker_id).exclude(pk=recording.pk).first()
        return decode(sound_open(first)) if first else None


def script_get(language: str) -> Script:
    """The sentences to read in a language.

    Raises:
        ScriptMissing: there are none yet.
    """
    found = script(language)
    if found is None:
        raise ScriptMissing(known=list(languages()))
    return found


def prompts_read(actor: Actor, speaker_id: UUID) -> set[str]:
    """The prompts that the speaker has read well enough, or that are being judged."""
    going = (JobState.QUEUED, JobState.RUNNING, JobState.DONE)
    rows = recording_list(actor).filter(speaker_id=speaker_id, state__in=going).exclude(prompt="")
    return set(rows.values_list("prompt", flat=True))


# --- Voices -------------------------------------------------------------------------------------------


def voice_list(actor: Actor) -> QuerySet[Voice]:
    """The tenant's voices that still exist."""
    rows = Voice.objects.filter(tenant_id=actor.tenant_id).exclude(state=VoiceState.ERASED)
    versions = VoiceVersion.objects.order_by("-number")
    return rows.select_related("speaker").prefetch_related(Prefetch("versions", queryset=versions))


def voice_get(actor: Actor, voice_id: UUID) -> Voice:
    """One voice, with its speaker.

    Raises:
        NotFound: no such voice of this tenant. VoiceErased: its person was erased.
    """
    found = Voice.objects.select_related("speaker").filter(tenant_id=actor.tenant_id, pk=voice_id).first()
    if found is None:
        raise NotFound()
    if found.state == VoiceState.ERASED:
        raise VoiceErased()
    return found


def voice_name(voice: Voice) -> str:
    """What the tenant calls the voice; empty once its person was erased."""
    if voice.sealed_name is None:
        return ""
    return open_text(
        tenant_id=voice.tenant_id,
        handle=voice.speaker.key_handle,
        purpose=VOICE_NAME,
        object_id=voice.pk,
        data=bytes(voice.sealed_name),
    )


def version_list(voice: Voice) -> QuerySet[VoiceVersion]:
    """The versions of a voice, whatever their state."""
    return VoiceVersion.objects.filter(tenant_id=voice.tenant_id, voice_id=voice.pk)


def version_numbered(voice: Voice, number: int) -> VoiceVersion:
    """One version of a voice by its number, whatever its state.

    Raises:
        NotFound: the voice has no such version.
    """
    found = version_list(voice).filter(number=number).first()
    if found is None:
        raise NotFound()
    return found


def version_get(owner: Actor | UUID, version_id: UUID) -> VoiceVersion:
    """A version that is to be called, with its voice and speaker.

    Args:
        owner: who asks, or the tenant for which a worker works.

    Raises:
        NotFound: no such version of this tenant. VoiceErased: its person was erased.
        VoiceRetired: the version or the voice is out of use.
        VoiceDraft: its card lies below the bar and nobody has accepted it.
    """
    tenant_id = owner.tenant_id if isinstance(owner, Actor) else owner
    rows = VoiceVersion.objects.select_related("voice__speaker").filter(tenant_id=tenant_id, pk=version_id)
    found = rows.first()
    if found is None:
        raise NotFound()
    if VersionState.ERASED in (found.state, found.voice.state):
        raise VoiceErased()
    if VersionState.RETIRED in (found.state, found.voice.state):
        raise VoiceRetired()
    if found.state == VersionState.DRAFT and not found.preview:
        raise VoiceDraft()
    return found


def picture_open(version: VoiceVersion) -> bytes | None:
    """The PNG of the version's quality card; None where there is none. `version.voice.speaker` is needed for the key.

    Raises:
        VoiceErased, KeyShredded: as `adapter_open`.
    """
    if not version.adapter_object:
        raise VoiceErased()
    try:
        sealed = object_store().get(version.adapter_object + PICTURE_ENDING)
    except ObjectMissing:
        return None
    return open_bytes(
        tenant_id=version.tenant_id,
        handle=version.voice.speaker.key_handle,
        purpose=PICTURE,
        object_id=version.pk,
        data=sealed,
    )


def adapter_open(version: VoiceVersion) -> bytes:
    """The adapter's bytes; `version.voice.speaker` is needed for the key.

    Raises:
        VoiceErased: there are none any more. KeyShredded: the person's keys were destroyed.
    """
    if not version.adapter_object:
        raise VoiceErased()
    return open_bytes(
        tenant_id=version.tenant_id,
        handle=version.voice.speaker.key_handle,
        purpose=ADAPTER,
        object_id=version.pk,
        data=object_store().get(version.adapter_object),
    )
