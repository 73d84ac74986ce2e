"""The log's public files in the object store: tiles, entry bundles and the checkpoint.

Tiles are written once and never changed: writing other bytes under a name that exists is the
mark of a fork and is refused. Partial tiles go when the full one stands; asked for afterwards,
they are cut from it.
"""

from __future__ import annotations

from audit import tiles
from audit.checkpoints import Checkpoint, VerifierKey
from audit.errors import LogBroken
from audit.merkle import HASH_SIZE
from audit.tiles import TILE_WIDTH, Tile
from storage.errors import ObjectExists, ObjectMissing
from storage.objects import ObjectStore, object_store

PREFIX = "log/"
CHECKPOINT = PREFIX + "checkpoint"


class Published:
    """The files under `log/` of an object store."""

    def __init__(self, store: ObjectStore | None = None) -> None:
        self._store = store or object_store()

    def read(self, tile: Tile) -> bytes:
        """The bytes of a tile or bundle.

        Raises:
            ObjectMissing: neither it nor the full one it became is there.
        """
        try:
            return self._store.get(PREFIX + tile.path)
        except ObjectMissing:
            if tile.width == TILE_WIDTH:
                raise
        return _cut(self._store.get(PREFIX + tile.full.path), tile)

    def write(self, tile: Tile, data: bytes) -> None:
        """Write a tile that may be there already from a run that crashed.

        Raises:
            LogBroken: other bytes stand under its name. Nothing was changed.
        """
        try:
            self._store.put(PREFIX + tile.path, data, if_absent=True)
        except ObjectExists as error:
            if self._store.get(PREFIX + tile.path) != data:
                raise LogBroken("a published tile differs from the one to publish", tile=tile.path) from error

    def tidy(self, tile: Tile) -> None:
        """Remove the partial forms of a full tile. A crash here leaves some, which harm nobody."""
        for one in list(self._store.find(f"{PREFIX}{tile.full.path}.p/")):
            self._store.delete(one.key)

    def note(self) -> str | None:
        """The published checkpoint as it stands there, unverified; None when nothing was published yet."""
        try:
            return self._store.get(CHECKPOINT).decode(errors="replace")
        except ObjectMissing:
            return None

    def checkpoint(self, key: VerifierKey) -> tuple[str, Checkpoint] | None:
        """The published checkpoint as text and as read under `key`; None when nothing was published yet.

        Raises:
            NoteRefused: it is not signed by `key`.
        """
        note = self.note()
        return None if note is None else (note, Checkpoint.open(note, key))

    def publish(self, note: str) -> None:
        """Replace the checkpoint: the one file of the log that changes."""
        self._store.put(CHECKPOINT, note.encode(), content_type="text/plain; charset=utf-8")


def _cut(full: bytes, tile: Tile) -> bytes:
    if tile.level is None:
        return tiles.encode_bundle(tiles.decode_bundle(full, TILE_WIDTH)[: tile.width])
    return tiles.require_width(full, TILE_WIDTH)[: tile.width * HASH_SIZE]
