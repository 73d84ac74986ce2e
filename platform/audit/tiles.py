"""C2SP tlog-tiles: how the tree and its entries are cut into files that never change.

Names, encodes and reads tiles and entry bundles. It fetches nothing: readers are given a
`fetch` that turns a path into bytes. Paths here have no prefix; the log lives under `log/`.

A tile of level L holds up to 256 hashes, each over 256**L leaves. A partial tile carries its
width in its name, so a longer one never overwrites a shorter one.

Source: C2SP tlog-tiles (c2sp.org/tlog-tiles), sections "Merkle Tree" and "Log entries".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from audit.merkle import HASH_SIZE, NodeReader

TILE_WIDTH = 256
TILE_HEIGHT = 8
TREES_KEPT = 256
ENTRY_LIMIT = 65_535  # the length prefix of an entry in a bundle is a uint16

_INDEX = r"(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
_PATH = re.compile(rf"tile/(?P<level>entries|0|[1-9][0-9]?)/{_INDEX}(?:\.p/(?P<width>[1-9][0-9]{{0,2}}))?")


class TileRefused(ValueError):
    """A path is not one of a tile, or the bytes are not what the tile should hold."""


@dataclass(frozen=True)
class Tile:
    """One file of the log. `level` is None for a bundle of entries; `width` is 1 to 256."""

    level: int | None
    index: int
    width: int

    @property
    def path(self) -> str:
        """The name of the file, as `tile/0/x001/234` or `tile/entries/000.p/17`."""
        kind = "entries" if self.level is None else str(self.level)
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{kind}/{_encode_index(self.index)}{suffix}"

    @property
    def full(self) -> "Tile":
        """The tile that this one grows into."""
        return Tile(self.level, self.index, TILE_WIDTH)


def _encode_index(index: int) -> str:
    text = f"{index % 1000:03d}"
    while index := index // 1000:
        text = f"x{index % 1000:03d}/{text}"
    return text


def parse_path(path: str) -> Tile:
    """The tile that `path` names.

    Raises:
        TileRefused: not a path of a tile, or not written the one way it may be written.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise TileRefused("not the path of a tile")
    level = None if match["level"] == "entries" else int(match["level"])
    index = int(match["index"].replace("x", "").replace("/", ""))
    tile = Tile(level, index, int(match["width"] or TILE_WIDTH))
    if tile.path != path or (level or 0) > 63:  # x000/001, .p/256 and the like
        raise TileRefused("not the path of a tile")
    return tile


def width_at(size: int, level: int, index: int) -> int:
    """How many hashes tile `index` of `level` holds in a tree of `size`; 0 when it has none."""
    whole = size >> (TILE_HEIGHT * level)
    return max(0, min(TILE_WIDTH, whole - index * TILE_WIDTH))


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """The hash tiles that a tree of `new` leaves has and one of `old` had not, lowest first.

    Lowest first is the order to write them in: a tile is made from full tiles below it.
    """
    level = 0
    while new >> (TILE_HEIGHT * level):
        before, after = old >> (TILE_HEIGHT * level), new >> (TILE_HEIGHT * level)
        if after > before:
            for index in range(before // TILE_WIDTH, -(-after // TILE_WIDTH)):
                yield Tile(level, index, width_at(new, level, index))
        level += 1


def bundles_between(old: int, new: int) -> Iterator[Tile]:
    """The entry bundles that a tree of `new` leaves has and one of `old` had not."""
    for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
        if new > old:
            yield Tile(None, index, width_at(new, 0, index))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as they are served: each after its length, big-endian uint16.

    Raises:
        TileRefused: an entry is too long, or there are none or more than 256.
    """
    if not 1 <= len(entries) <= TILE_WIDTH or any(len(one) > ENTRY_LIMIT for one in entries):
        raise TileRefused("a bundle holds 1 to 256 entries of at most 65,535 bytes")
    return b"".join(len(one).to_bytes(2, "big") + one for one in entries)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle.

    Raises:
        TileRefused: cut short, or bytes are left over.
    """
    entries, at = [], 0
    for _ in range(width):
        length = int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data):  # also true when a slice above ran past the end
        raise TileRefused("the bundle does not hold the entries that its name promises")
    return entries


def perfect_hash(hashes: bytes) -> bytes:
    """The root over concatenated hashes of equal height; their number is a power of two.

    Works on the bytes as they lie in a tile: two neighbours are one slice.
    """
    while len(hashes) > HASH_SIZE:
        hashes = _above(hashes)
    return hashes


@lru_cache(maxsize=TREES_KEPT)
def tree_over(hashes: bytes) -> tuple[bytes, ...]:
    """All heights above the hashes of a tile: at [h], joined, the hash over every whole 2**h of them.

    A proof needs one hash of almost every height, and so nearly all the hashing that there is in a tile; what was
    hashed once is kept (16 KB a tile), because the tiles that people ask for are few and never change. The bytes
    are the key, so that what is kept can only be the tree over exactly them.
    """
    heights = [hashes]
    while len(heights[-1]) >= 2 * HASH_SIZE:
        heights.append(_above(heights[-1]))
    return tuple(heights)


def _above(hashes: bytes) -> bytes:
    """The hashes over neighbours; one without a neighbour has nothing above it yet."""
    pairs = range(0, len(hashes) - len(hashes) % (2 * HASH_SIZE), 2 * HASH_SIZE)
    return b"".join([sha256(b"\x01" + hashes[at : at + 2 * HASH_SIZE]).digest() for at in pairs])


def require_width(data: bytes, width: int) -> bytes:
    """`data`, if it is the content of a tile of `width` hashes.

    Raises:
        TileRefused: another length.
    """
    if len(data) != width * HASH_SIZE:
        raise TileRefused("the tile does not hold the hashes that its name promises")
    return data


def node_reader(size: int, fetch: Callable[[Tile], bytes]) -> NodeReader:
    """A `NodeReader` for a tree of `size` leaves over its tiles; each tile is fetched once.

    Raises (from the reader):
        TileRefused: the tree has no such node, or a tile has the wrong length.
    """
    seen: dict[tuple[int, int], bytes] = {}

    def hashes(level: int, index: int) -> bytes:
        if (level, index) not in seen:
            tile = Tile(level, index, width_at(size, level, index))
            seen[level, index] = require_width(fetch(tile), tile.width)
        return seen[level, index]

    def read(level: int, index: int) -> bytes:
        if (index + 1) << level > size:
            raise TileRefused(f"a tree of {size} leaves has no node ({level}, {index})")
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, offset = divmod(index << height, TILE_WIDTH)
        start = (offset >> height) * HASH_SIZE
        return tree_over(hashes(tile_level, tile_index))[height][start : start + HASH_SIZE]

    return read
