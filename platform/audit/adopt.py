"""Bring a restored database up to the published log: the log is the elder brother.

After a restore the database may be older than what was signed and seen. Signing from there would
fork the log, so the entries that are missing are taken back from the published bundles - the
entries alone: the facts that a tenant could read behind them were lost with the database.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from audit import entries, fsck, tiles
from audit.checkpoints import Checkpoint, NoteRefused, VerifierKey
from audit.errors import LogBroken
from audit.merkle import EMPTY_ROOT
from audit.models import HEAD, AuditEntry, AuditHead
from audit.published import Published
from audit.signing import LOG, signer_load
from audit.tiles import TILE_WIDTH
from storage.errors import ObjectMissing


def log_adopt(published: Published | None = None) -> int:
    """Take over what the published log has and the database has not; safe to repeat.

    Entries that the database holds without an index (the backup was taken before they were
    integrated) get the index under which they were published.

    Returns:
        How many entries were taken back.

    Raises:
        LogBroken: the published log does not add up, or does not begin with the database's.
    """
    place = published or Published()
    with transaction.atomic():
        head, _ = AuditHead.objects.select_for_update().get_or_create(pk=HEAD)
        note = place.note()
        if note is None:
            return 0
        key = VerifierKey.parse(head.verifier) if head.verifier else signer_load(LOG).verifier
        seen = _opened(note, key)
        if seen.size <= head.size:
            return 0
        if _rederived(place, head, seen.size) != seen.root:
            raise LogBroken("the published log does not lead to its signed root")
        count = sum(_adopt_bundle(place, bundle) for bundle in tiles.bundles_between(head.size, seen.size))
        AuditHead.objects.filter(pk=HEAD).update(size=seen.size, root=seen.root, checkpoint=note, verifier=str(key))
    return count


def _opened(note: str, key: VerifierKey) -> Checkpoint:
    try:
        return Checkpoint.open(note, key)
    except NoteRefused as error:
        raise LogBroken("the published checkpoint is not signed by this log's key") from error


def _rederived(place: Published, head: AuditHead, size: int) -> bytes:
    """The root over everything that is served, from the first entry on; nothing less is taken back."""
    try:
        fsck.check_growth(place.read, old_size=head.size, old_root=bytes(head.root), new_size=size)
        return fsck.check_growth(place.read, old_size=0, old_root=EMPTY_ROOT, new_size=size)
    except (fsck.LogRefused, ObjectMissing) as error:
        raise LogBroken("the published log does not add up") from error


def _adopt_bundle(place: Published, bundle: tiles.Tile) -> int:
    first = bundle.index * TILE_WIDTH
    taken = 0
    for at, body in enumerate(tiles.decode_bundle(place.read(bundle), bundle.width)):
        if AuditEntry.objects.filter(index=first + at, body=body).exists():
            continue
        public_id = UUID(hex=entries.parse(body).id)
        waiting = AuditEntry.objects.filter(public_id=public_id, body=body, index__isnull=True)
        if not waiting.update(index=first + at):
            AuditEntry.objects.create(public_id=public_id, body=body, index=first + at)
        taken += 1
    return taken
