"""Is the log whole? The oracle that `fsck_log`, `restore` and the tests ask."""

from __future__ import annotations

from dataclasses import dataclass

from audit import fsck, tiles
from audit.checkpoints import Checkpoint, NoteRefused, VerifierKey
from audit.errors import LogBroken
from audit.merkle import EMPTY_ROOT
from audit.models import AuditEntry, AuditHead
from audit.published import Published
from audit.tiles import TILE_WIDTH, Tile
from storage.errors import ObjectMissing


@dataclass(frozen=True)
class Whole:
    """What was found to hold: how many entries are signed, how many still wait, and the root."""

    size: int
    waiting: int
    root: bytes


def log_check(published: Published | None = None) -> Whole:
    """Re-derive the whole log from what it serves and compare it with the head and the rows.

    Raises:
        LogBroken: with the first thing that does not add up.
    """
    place = published or Published()
    head = AuditHead.objects.first()
    waiting = AuditEntry.objects.filter(index__isnull=True).count()
    if head is None or not head.checkpoint:
        if AuditEntry.objects.filter(index__isnull=False).exists():
            raise LogBroken("entries have indices and no head was ever signed")
        return Whole(0, waiting, EMPTY_ROOT)
    signed = _signed(head)
    root = _rederive(place, signed)
    if root != signed.root:
        raise LogBroken("the served entries do not lead to the signed root", size=signed.size)
    _check_rows(place, signed.size)
    return Whole(signed.size, waiting, root)


def _signed(head: AuditHead) -> Checkpoint:
    try:
        signed = Checkpoint.open(head.checkpoint, VerifierKey.parse(head.verifier))
    except NoteRefused as error:
        raise LogBroken("the head's checkpoint is not signed by the log's key") from error
    if (signed.size, signed.root) != (head.size, bytes(head.root)):
        raise LogBroken("the head row and its checkpoint differ")
    return signed


def _rederive(place: Published, signed: Checkpoint) -> bytes:
    try:
        return fsck.check_growth(place.read, old_size=0, old_root=EMPTY_ROOT, new_size=signed.size)
    except fsck.LogRefused as error:
        raise LogBroken(str(error)) from error
    except ObjectMissing as error:
        raise LogBroken("a tile is missing", **error.facts) from error


def _check_rows(place: Published, size: int) -> None:
    """The rows are the served entries, none missing, none changed, no index left out."""
    rows = AuditEntry.objects.filter(index__isnull=False).order_by("index").values_list("index", "body")
    expected = 0
    served: list[bytes] = []
    for index, body in rows.iterator(chunk_size=2000):
        if index != expected:
            raise LogBroken("an index is missing in the database", index=expected)
        expected += 1
        if index >= size:
            continue  # staged, not yet signed
        if index % TILE_WIDTH == 0:
            number = index // TILE_WIDTH
            width = tiles.width_at(size, 0, number)
            served = tiles.decode_bundle(place.read(Tile(None, number, width)), width)
        if bytes(body) != served[index % TILE_WIDTH]:
            raise LogBroken("an entry in the database is not the served one", index=index)
    if expected < size:
        raise LogBroken("the database has fewer entries than the signed log", index=expected)
