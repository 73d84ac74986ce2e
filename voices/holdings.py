"""What voices keeps on a person: takes in the intake place, recordings, adapters, names of voices.

The addresses of all objects begin with kind and speaker, so that what is left is found in the stores themselves
and not in rows that might have forgotten something.
"""

from __future__ import annotations

from uuid import UUID

from erasure.holdings import Subject
from storage.objects import ObjectStore, intake_store, object_store
from voices.models import (
    ADAPTER_KIND,
    INGEST_TASK,
    INTAKE_KIND,
    RECORDING_KIND,
    Recording,
    Upload,
    VersionState,
    Voice,
    VoiceState,
    VoiceVersion,
)
from work.leases import CLOCK, cancel
from work.models import FINAL


class VoiceHolding:
    """Answers the erasure's questions for uploads, recordings and voices (`erasure.holdings.Holding`)."""

    name = "uploads, recordings and voices"

    def destroy(self, subject: Subject) -> int:
        """Stop what runs, then destroy use before sources: adapters, recordings, uploads. Safe to repeat."""
        destroyed = _versions_destroyed(subject)
        for recording in _recordings_held(subject):
            recording_empty(recording)
            destroyed += 1
        for upload in Upload.objects.filter(
            tenant_id=subject.tenant_id, speaker_id=subject.speaker_id, emptied_at=None
        ):
            upload_empty(upload)
            destroyed += 1
        return destroyed + sum(_swept(store, prefix) for store, prefix in _places(subject))

    def left(self, subject: Subject) -> list[str]:
        """Objects in either store, of any version, and rows that still hold something."""
        found = [residue for store, prefix in _places(subject) for residue in store.residue(prefix)]
        found += [f"recording {recording.pk}" for recording in _recordings_held(subject)]
        found += [f"voice {voice.pk}" for voice in _voices(subject).exclude(sealed_name=None)]
        found += [f"voice version {version.pk}" for version in _versions(subject).exclude(adapter_object="")]
        return found


def object_prefix(tenant_id: UUID, kind: str, speaker_id: UUID) -> str:
    """Where everything of one kind of one speaker lies."""
    return f"{tenant_id}/{kind}/{speaker_id}/"


def recording_empty(recording: Recording) -> None:
    """Take everything of the person out of the row, and the objects out of both stores.

    The objects go first: a crash before the commit leaves a row without its sound, which can be emptied again;
    the other way round would leave a sound that no row names.
    """
    cancel(Recording, job_id=recording.pk, task=INGEST_TASK)
    if recording.object_key:
        object_store().delete(recording.object_key)
    upload_empty(recording.upload)
    Recording.objects.filter(pk=recording.pk).update(
        sealed_transcript=None, sealed_hash=None, object_key="", measures={}, findings=[], erased_at=CLOCK
    )


def upload_empty(upload: Upload) -> None:
    """Take an upload out of the intake place; no error when it is not there."""
    intake_store().delete(upload.object_key)
    Upload.objects.filter(pk=upload.pk).update(emptied_at=CLOCK)


def _places(subject: Subject) -> list[tuple[ObjectStore, str]]:
    places = [(object_store(), ADAPTER_KIND), (object_store(), RECORDING_KIND), (intake_store(), INTAKE_KIND)]
    return [(store, object_prefix(subject.tenant_id, kind, subject.speaker_id)) for store, kind in places]


def _swept(store: ObjectStore, prefix: str) -> int:
    # What no row names too: a worker died between storing and committing, or is at it now and will find itself stopped.
    return store.clear(prefix)


def _versions_destroyed(subject: Subject) -> int:
    held = list(_versions(subject).exclude(adapter_object=""))
    for version in held:
        object_store().delete(version.adapter_object)
    _versions(subject).update(state=VersionState.ERASED, adapter_object="", adapter_sha256="", measures={})
    _voices(subject).update(state=VoiceState.ERASED, sealed_name=None)
    return len(held)


def _recordings_held(subject: Subject):  # type: ignore[no-untyped-def]  # a queryset of Recording
    rows = Recording.objects.select_related("upload").filter(tenant_id=subject.tenant_id, speaker_id=subject.speaker_id)
    running = rows.exclude(state__in=FINAL).filter(cancel_requested=False)
    return rows.filter(erased_at=None) | running


def _voices(subject: Subject):  # type: ignore[no-untyped-def]  # a queryset of Voice
    return Voice.objects.filter(tenant_id=subject.tenant_id, speaker_id=subject.speaker_id)


def _versions(subject: Subject):  # type: ignore[no-untyped-def]  # a queryset of VoiceVersion
    return VoiceVersion.objects.filter(tenant_id=subject.tenant_id, voice__speaker_id=subject.speaker_id)
