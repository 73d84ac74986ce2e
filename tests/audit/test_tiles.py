"""Tile names and contents against the specification's examples and against the tree itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle, tiles
from audit.tiles import Tile, TileRefused


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0, 256), "tile/0/000"),
        (Tile(2, 1_234_067, 256), "tile/2/x001/x234/067"),  # the specification's example
        (Tile(1, 999, 17), "tile/1/999.p/17"),
        (Tile(1, 1_000, 1), "tile/1/x001/000.p/1"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_paths_are_the_specified_ones(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert tiles.parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0", "tile/0/00", "tile/00/000", "tile/0/x000/001", "tile/0/000.p/256", "tile/0/000.p/0",
        "tile/0/000.p/01", "tile/64/000", "tile/-1/000", "tile/0/000/", "tile/0/001/002", "tile/0/x001",
        "tile/entries/../000", "tile/data/000", "checkpoint", "", "tile/0/000\n", "tile/0/٠٠٠",
    ],
)  # fmt: skip
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(TileRefused):
        tiles.parse_path(path)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_lists() -> None:
    made = list(tiles.tiles_between(0, 70_000))
    widths = {level: [one.width for one in made if one.level == level] for level in range(4)}
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1], 3: []}


def test_a_tree_of_256_has_a_full_tile_and_one_of_width_one() -> None:
    assert list(tiles.tiles_between(0, 256)) == [Tile(0, 0, 256), Tile(1, 0, 1)]


@given(st.integers(0, 140_000), st.integers(0, 140_000))
def test_growing_writes_what_the_larger_tree_has_and_the_smaller_had_not(one: int, other: int) -> None:
    old, new = sorted((one, other))
    before, after = set(tiles.tiles_between(0, old)), set(tiles.tiles_between(0, new))
    grown = set(tiles.tiles_between(old, new))
    assert after - before <= grown <= after
    before, after = set(tiles.bundles_between(0, old)), set(tiles.bundles_between(0, new))
    assert set(tiles.bundles_between(old, new)) == after - before


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_come_back(entries: list[bytes]) -> None:
    assert tiles.decode_bundle(tiles.encode_bundle(entries), len(entries)) == entries


def test_a_bundle_of_another_width_or_length_is_refused() -> None:
    data = tiles.encode_bundle([b"one", b"two"])
    for wrong, width in [(data, 1), (data, 3), (data[:-1], 2), (data + b"\x00", 2), (b"", 1), (b"\x00", 1)]:
        with pytest.raises(TileRefused):
            tiles.decode_bundle(wrong, width)
    for entries in ([], [b""] * 257, [b"x" * 65_536]):
        with pytest.raises(TileRefused):
            tiles.encode_bundle(entries)
    assert tiles.decode_bundle(tiles.encode_bundle([b"x" * 65_535]), 1) == [b"x" * 65_535]


class Shelf:
    """The hash tiles of a growing tree, written as a log would write them."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.size = 0

    def grow(self, leaves: list[bytes]) -> None:
        for tile in tiles.tiles_between(self.size, len(leaves)):
            self.files[tile.path] = b"".join(
                self.hash(leaves, tile.level or 0, tile.index * 256 + at) for at in range(tile.width)
            )
        self.size = len(leaves)

    def hash(self, leaves: list[bytes], level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return tiles.perfect_hash(self.files[Tile(level - 1, index, 256).path])

    def fetch(self, tile: Tile) -> bytes:
        return self.files[tile.path]


def test_roots_and_proofs_read_from_tiles_are_those_of_the_tree() -> None:
    leaves = [merkle.leaf_hash(str(number).encode()) for number in range(66_000)]
    shelf, edge, roots = Shelf(), merkle.Frontier(), {}
    for size, leaf in enumerate(leaves, start=1):
        edge.append(leaf)
        if size in (1, 255, 256, 257, 65_535, 65_536, 65_537, 66_000):
            roots[size] = edge.root()
            shelf.grow(leaves[:size])
            read = tiles.node_reader(size, shelf.fetch)
            assert merkle.root_hash(size, read) == roots[size]
            index = size * 2 // 3
            proof = merkle.inclusion_proof(index, size, read)
            merkle.verify_inclusion(leaves[index], index, size, proof, roots[size])
            for old, root in roots.items():
                merkle.verify_consistency(old, size, merkle.consistency_proof(old, size, read), root, roots[size])


def test_a_tile_of_the_wrong_length_or_a_node_that_is_not_there_is_refused() -> None:
    read = tiles.node_reader(3, lambda tile: b"\x00" * 32 * tile.width)
    assert len(read(0, 2)) == 32
    with pytest.raises(TileRefused):
        read(1, 1)  # leaves 2 and 3: the tree ends before it
    with pytest.raises(TileRefused):
        tiles.node_reader(3, lambda tile: b"\x00" * 32)(0, 0)
