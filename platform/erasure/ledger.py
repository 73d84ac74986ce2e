"""The ledger: what a restored backup must not bring back, kept where no backup of the database reaches.

One signed note per erasure (and per withdrawal, when consent writes it): random ids alone. It is
written before anything is destroyed, so that a database that is lost in between and restored from an
older copy is led to the same end. `manage.py restore` replays it before the platform opens.

Whoever can delete notes could hide an erasure, so the log is asked as well: it certifies how many
there were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from uuid import UUID

from audit.checkpoints import NoteRefused, VerifierKey, open_note
from audit.entries import EntryRefused, canonical
from audit.signing import CERTIFICATE, signer_ensure, signer_load
from erasure.errors import LedgerBroken
from storage.errors import ObjectExists
from storage.objects import ledger_store

TITLE = "consonant ledger v1"
PREFIX = "ledger/"
ERASURE = "erasure"


@dataclass(frozen=True)
class LedgerNote:
    """One thing that stays true through every restore.

    Attributes:
        kind: `erasure`, or a kind that settings.LEDGER_REPLAYS names.
        id: of the act: the erasure's, so that there is one note for every certificate.
        object: the speaker's id, or that of whatever the kind is about.
        handle: the handle of the keys to shred; empty for other kinds.
    """

    kind: str
    id: str
    tenant: str
    object: str
    handle: str = ""

    @property
    def key(self) -> str:
        """The note's name in the store; one per act."""
        return f"{PREFIX}{self.kind}/{self.id}"

    def text(self) -> str:
        """What is signed."""
        return f"{TITLE}\n{canonical(asdict(self)).decode()}\n"


def ledger_note(*, kind: str, tenant_id: UUID, object_id: UUID, handle: str = "", act_id: UUID | None = None) -> None:
    """Write a note; safe to repeat. Durable when it returns, whatever becomes of the transaction.

    `act_id` names the act; without it there is one note per object and kind.

    Call it before the act's transaction commits: a note of an act that was then rolled back is
    replayed once at a restore and errs on the person's side; a missing note would err on the other.
    """
    note = LedgerNote(kind, str(act_id or object_id), str(tenant_id), str(object_id), handle)
    signed = signer_ensure(CERTIFICATE).sign(note.text())
    try:
        ledger_store().put(note.key, signed.encode(), if_absent=True)
    except ObjectExists:
        pass  # written by an attempt before this one


def ledger_notes() -> Iterator[LedgerNote]:
    """Every note, verified.

    Raises:
        LedgerBroken: one is not signed by this platform or is not a note.
    """
    found = list(ledger_store().find(PREFIX))
    if not found:
        return
    key = signer_load(CERTIFICATE).verifier
    for one in found:
        note = _open(ledger_store().get(one.key), key)
        if note.key != one.key:
            raise LedgerBroken("a note lies under another's name", note=one.key)
        yield note


def _open(data: bytes, key: VerifierKey) -> LedgerNote:
    try:
        text = open_note(data.decode(), key)
        title, body = text.split("\n", 1)
        note = LedgerNote(**json.loads(body))
        if title != TITLE or note.text() != text:
            raise LedgerBroken("a note is not in its one spelling")
    except (NoteRefused, EntryRefused, ValueError, TypeError) as error:
        raise LedgerBroken("a note is not one of this platform's") from error
    return note
