"""The sequencer: gives recorded entries their place, publishes them, and signs the new head.

One writer at a time, and even two would not fork the log. The life of an entry:

  recorded -> staged (it has an index, committed) -> published (tiles) -> signed -> the head row

Staging commits by itself, before anything is published. From then on everything that follows is a
function of committed rows: a run that dies anywhere is repeated by the next one with the same bytes
under the same names. What a crash leaves is said at each write. A store that fails after it has
stored ("failed, but stored") is the same case as a crash right after the write.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import connection, transaction

from audit import fsck, merkle, tiles
from audit.checkpoints import Checkpoint, NoteRefused, Signer, VerifierKey
from audit.errors import LogBroken, SequencerBusy
from audit.models import HEAD, AuditEntry, AuditHead
from audit.published import Published
from audit.signing import LOG, signer_ensure, signer_load
from audit.tiles import TILE_WIDTH, Tile
from storage.errors import ObjectMissing

log = logging.getLogger(__name__)

LOCK = 0x436F6E73_4C6F67  # "Cons" "Log": the advisory lock that a sequencer holds
BATCH = 2048


@dataclass(frozen=True)
class Head:
    """How far the log is signed."""

    size: int
    root: bytes
    checkpoint: str


def log_integrate(*, published: Published | None = None, limit: int = BATCH) -> Head:
    """Take up to `limit` waiting entries into the tree and sign the new head; safe to repeat.

    Returns:
        The head afterwards; unchanged when nothing was waiting.

    Raises:
        SequencerBusy: another process is doing it. LogKeyMissing: nothing can be signed.
        LogBroken: what is served does not add up with the head; nothing was signed.
    """
    place = published or Published()
    with transaction.atomic():
        _lock()
        row = _head_row()
        # Before anything is given an index: on a database that is older than the published log it would
        # be an index that the world knows for another entry.
        _agree(row, place, _signer(row).verifier)
        staged = _stage(row, limit)
    # A crash here leaves rows with indices beyond the head: the next run finds them and goes on.
    with transaction.atomic():
        _lock()
        row = _head_row()
        signer = _signer(row)
        head = _agree(row, place, signer.verifier)
        if staged is None and head.checkpoint:
            return head
        return _extend(row, head, place, signer)


def _lock() -> None:
    """Held until the transaction ends, so it also works behind a transaction-pooling proxy."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise SequencerBusy


def _head_row() -> AuditHead:
    row, _ = AuditHead.objects.select_for_update().get_or_create(pk=HEAD)
    return row


def _signer(row: AuditHead) -> Signer:
    """The log's key: made when nothing was ever signed, and from then on only ever the same one."""
    if not row.verifier:
        signer = signer_ensure(LOG)
        AuditHead.objects.filter(pk=HEAD).update(verifier=str(signer.verifier))
        row.verifier = str(signer.verifier)
        return signer
    signer = signer_load(LOG)
    if str(signer.verifier) != row.verifier:
        raise LogBroken("the key file is not the key of this log")
    return signer


def _stage(row: AuditHead, limit: int) -> int | None:
    """Give waiting entries the next indices, in the order of their numbers.

    The order is that of insertion, not of commit: an entry whose transaction commits late gets its
    index late. UNIQUE(index) keeps two sequencers from giving one index twice.

    Returns:
        The size to publish, or None when the signed head holds everything.
    """
    taken = AuditEntry.objects.filter(index__gte=row.size).count()
    first = row.size + taken
    waiting = list(AuditEntry.objects.filter(index__isnull=True).order_by("id").values_list("id", flat=True)[:limit])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET index = place.index - 1 + %s "
            "FROM unnest(%s::bigint[]) WITH ORDINALITY AS place (id, index) "
            "WHERE audit_entry.id = place.id AND audit_entry.index IS NULL",
            [first, waiting],
        )
        if cursor.rowcount != len(waiting):
            raise LogBroken("an entry was given an index by somebody else")
    return first + len(waiting) if taken or waiting else None


def _agree(row: AuditHead, place: Published, key: VerifierKey) -> Head:
    """The head that both the database and the published log know, or a refusal to go on.

    The checkpoint is published before the head row is committed, so after a crash between the two
    the published one is ahead; it is taken over if the rows here lead to it. If they do not, the
    database is older than what the world has seen, and signing would fork the log.
    """
    head = Head(row.size, bytes(row.root), row.checkpoint)
    try:
        found = place.checkpoint(key)
    except NoteRefused as error:
        raise LogBroken("the published checkpoint is not signed by this log's key") from error
    if found is None:
        if head.checkpoint:
            raise LogBroken("the published log is not there", size=head.size)
        return head
    note, seen = found
    if seen.size < head.size:
        return head  # an older one was put back; the growth check proves that the tiles still fit the head
    if seen.size == head.size and head.checkpoint:
        if seen.root != head.root:
            raise LogBroken("the published checkpoint and the database have two roots for one size")
        return head
    return _take_over(row, place, note, seen)


def _take_over(row: AuditHead, place: Published, note: str, seen: Checkpoint) -> Head:
    _require_rows(place, row.size, seen.size)
    root = _check_growth(place, row.size, bytes(row.root), seen.size)
    if root != seen.root:
        raise LogBroken("the published checkpoint does not follow from the published tiles")
    return _swap(row, Head(seen.size, seen.root, note))


def _require_rows(place: Published, start: int, stop: int) -> None:
    """The entries [start, stop) of the database are the served ones."""
    rows = AuditEntry.objects.filter(index__gte=start - start % TILE_WIDTH, index__lt=stop)
    ours = [bytes(body) for body in rows.order_by("index").values_list("body", flat=True)]
    served: list[bytes] = []
    for bundle in tiles.bundles_between(start, stop):
        served += tiles.decode_bundle(_fetch(place)(bundle), bundle.width)
    if ours != served:
        raise LogBroken("the database is older than the published log: run `manage.py restore`", published=stop)


def _extend(row: AuditHead, head: Head, place: Published, signer: Signer) -> Head:
    size = head.size + AuditEntry.objects.filter(index__gte=head.size).count()
    _publish(place, head.size, size)
    # A crash up to here leaves tiles that nothing signed speaks of; the next run writes the same ones.
    root = _check_growth(place, head.size, head.root, size)
    note = signer.sign(Checkpoint(signer.name, size, root).text())
    place.publish(note)
    # A crash here leaves a published checkpoint ahead of the head row: `_agree` takes it over.
    fresh = _swap(row, Head(size, root, note))
    transaction.on_commit(lambda: _tidy(place, head.size, size))
    return fresh


def _swap(row: AuditHead, fresh: Head) -> Head:
    """Compare and swap: only a sequencer that started from the present head moves it."""
    moved = AuditHead.objects.filter(pk=HEAD, size=row.size, checkpoint=row.checkpoint).update(
        size=fresh.size, root=fresh.root, checkpoint=fresh.checkpoint
    )
    if moved != 1:
        raise SequencerBusy("the head was moved by another sequencer")
    row.size, row.root, row.checkpoint = fresh.size, fresh.root, fresh.checkpoint
    return fresh


def _publish(place: Published, old: int, new: int) -> None:
    """Write the entry bundles and tiles of [old, new), lowest level first."""
    start = old - old % TILE_WIDTH
    rows = AuditEntry.objects.filter(index__gte=start, index__lt=new).order_by("index")
    bodies = {row.index: bytes(row.body) for row in rows.iterator(chunk_size=1000)}
    fetch = _fetch(place)
    for bundle in tiles.bundles_between(old, new):
        first = bundle.index * TILE_WIDTH
        place.write(bundle, tiles.encode_bundle([bodies[first + at] for at in range(bundle.width)]))
    for tile in tiles.tiles_between(old, new):
        place.write(tile, _hashes(tile, old, bodies, fetch))


def _hashes(tile: Tile, old: int, bodies: dict[int | None, bytes], fetch: fsck.Fetch) -> bytes:
    """The content of a tile: leaf hashes, or what stood in it before and the roots of full tiles below."""
    first = tile.index * TILE_WIDTH
    if not tile.level:
        return b"".join(merkle.leaf_hash(bodies[first + at]) for at in range(tile.width))
    before = min(tile.width, tiles.width_at(old, tile.level, tile.index))
    known = tiles.require_width(fetch(Tile(tile.level, tile.index, before)), before) if before else b""
    below = [Tile(tile.level - 1, first + at, TILE_WIDTH) for at in range(before, tile.width)]
    return known + b"".join(tiles.perfect_hash(tiles.require_width(fetch(one), TILE_WIDTH)) for one in below)


def _check_growth(place: Published, old: int, root: bytes, new: int) -> bytes:
    try:
        return fsck.check_growth(_fetch(place), old_size=old, old_root=root, new_size=new)
    except fsck.LogRefused as error:
        raise LogBroken(str(error)) from error


def _fetch(place: Published) -> fsck.Fetch:
    def fetch(tile: Tile) -> bytes:
        try:
            return place.read(tile)
        except ObjectMissing as error:
            raise LogBroken("a published tile is missing", tile=tile.path) from error

    return fetch


def _tidy(place: Published, old: int, new: int) -> None:
    """Partial tiles go once the full one is under a signed head. A failure costs space alone."""
    for tile in [*tiles.tiles_between(old, new), *tiles.bundles_between(old, new)]:
        if tile.width == TILE_WIDTH and tiles.width_at(old, tile.level or 0, tile.index):
            place.tidy(tile)
