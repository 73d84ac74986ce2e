"""Replay the ledger on a restored platform, before it opens.

For every erased person: the row is set to `erasing` again, the holdings are destroyed again, the
keys are shredded again, and the job runs to its certificate. What the ledger says about other
things is handed to whoever settings.LEDGER_REPLAYS names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from audit.models import AuditEntry
from erasure.certificate import EVENT
from erasure.errors import LedgerBroken
from erasure.holdings import Subject
from erasure.jobs import erasure_run, holdings
from erasure.ledger import ERASURE, LedgerNote, ledger_notes
from erasure.services import erasure_begin
from isolation.scope import tenant_scope
from speakers.models import Speaker
from storage.keys import key_store

WHO = "restore"


@dataclass(frozen=True)
class Replayed:
    """What a replay did: erasures gone through again, and notes of other kinds handed on."""

    erasures: int
    others: int


def ledger_replay() -> Replayed:
    """Make everything true again that the ledger says; safe to repeat.

    Raises:
        LedgerBroken: a note cannot be believed, or the log certifies more erasures than there are notes.
    """
    notes = list(ledger_notes())
    erasures = [note for note in notes if note.kind == ERASURE]
    _require_complete(len(erasures))
    for note in {note.handle: note for note in erasures}.values():
        _erase_again(note)
    others = [note for note in notes if note.kind != ERASURE]
    for note in others:
        _hand_on(note)
    return Replayed(len(erasures), len(others))


def _require_complete(known: int) -> None:
    """A deleted note would bring somebody back; the log's entries say at least how many there were."""
    name = f'"event":"{EVENT}"'.encode()
    bodies = AuditEntry.objects.values_list("body", flat=True).iterator(chunk_size=2000)
    certified = sum(name in bytes(body) for body in bodies)
    if certified > known:
        raise LedgerBroken("notes are missing", certified=certified, known=known)


def _erase_again(note: LedgerNote) -> None:
    subject = Subject(UUID(note.tenant), UUID(note.object), note.handle)
    key_store().shred(subject.handle)
    with tenant_scope(subject.tenant_id):
        for holding in holdings():
            holding.destroy(subject)
        speaker = Speaker.objects.select_for_update().filter(pk=subject.speaker_id).first()
        erasure = erasure_begin(speaker=speaker, requested_by=WHO) if speaker else None
    if erasure is not None:  # None: the person was enrolled after the backup, and is not in it
        erasure_run(tenant_id=subject.tenant_id, job_id=erasure.pk)


def _hand_on(note: LedgerNote) -> None:
    replays: dict[str, str] = getattr(settings, "LEDGER_REPLAYS", {})
    if note.kind not in replays:
        raise LedgerBroken("nobody answers for a kind of note", kind=note.kind)
    replay: Callable[..., None] = import_string(replays[note.kind])
    with tenant_scope(UUID(note.tenant)):
        replay(tenant_id=UUID(note.tenant), object_id=UUID(note.object))
