"""Re-derive a log from what it serves, and refuse it unless everything adds up.

A valid consistency proof can hide a broken log: only hashing the served entries again shows that
they are the ones under the signed root. The sequencer checks its own growth with this before it
signs; `fsck_log` checks from the first entry, as any outside monitor can. Pure: it is given a
`fetch` for tiles.
"""

from collections.abc import Callable

from audit import entries, merkle, tiles
from audit.merkle import HASH_SIZE
from audit.tiles import TILE_WIDTH, Tile, TileRefused

Fetch = Callable[[Tile], bytes]


class LogRefused(ValueError):
    """What is served does not add up."""


def check_growth(fetch: Fetch, *, old_size: int, old_root: bytes, new_size: int) -> bytes:
    """Check everything that a log serves beyond `old_size`, and that it grew from `old_root`.

    Args:
        fetch: the bytes of a tile or bundle, as an outsider would get them.
        old_size, old_root: a head that is known to be good; 0 and `EMPTY_ROOT` check the whole log.
        new_size: how many entries are served.

    Returns:
        The root over `new_size` entries.

    Raises:
        LogRefused: entries do not hash to their tile, a tile not to the one above, an entry is not
            one, or the old root does not come out of the served tiles.
    """
    try:
        _check_entries(fetch, old_size, new_size)
        _check_tiles(fetch, old_size, new_size)
        read = tiles.node_reader(new_size, fetch)
        if merkle.root_hash(old_size, read) != old_root:
            raise LogRefused(f"the served tiles do not lead to the known root of {old_size} entries")
        return merkle.root_hash(new_size, read)
    except (TileRefused, entries.EntryRefused, merkle.ProofRefused) as error:
        raise LogRefused(str(error)) from error


def _check_entries(fetch: Fetch, old: int, new: int) -> None:
    """Every bundle that is new holds well-formed entries, and their hashes are the level 0 tile's."""
    for bundle in tiles.bundles_between(old, new):
        served = tiles.decode_bundle(fetch(bundle), bundle.width)
        for one in served:
            entries.parse(one)
        leaf_tile = Tile(0, bundle.index, bundle.width)
        if b"".join(merkle.leaf_hash(one) for one in served) != fetch(leaf_tile):
            raise LogRefused(f"the entries of {bundle.path} do not hash to {leaf_tile.path}")


def _check_tiles(fetch: Fetch, old: int, new: int) -> None:
    """Every hash above level 0 in a tile that is new is the root of the full tile below it."""
    for tile in tiles.tiles_between(old, new):
        if not tile.level:
            continue
        before = min(tile.width, tiles.width_at(old, tile.level, tile.index))
        hashes = tiles.require_width(fetch(tile), tile.width)
        for at in range(before, tile.width):
            below = Tile(tile.level - 1, tile.index * TILE_WIDTH + at, TILE_WIDTH)
            stated = hashes[at * HASH_SIZE : (at + 1) * HASH_SIZE]
            if tiles.perfect_hash(tiles.require_width(fetch(below), TILE_WIDTH)) != stated:
                raise LogRefused(f"{below.path} does not hash to its place in {tile.path}")
