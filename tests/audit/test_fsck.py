"""fsck re-derives: any single bit changed in any served file of a small log is seen, and a large log is quick."""

import random
import time
from collections.abc import Callable
from functools import cache

import pytest

from audit import entries, fsck, merkle, tiles
from audit.fsck import LogRefused
from audit.tiles import Tile

SIZE = 300


def entry(number: int) -> bytes:
    return entries.Entry(f"{number:032x}", "consent.approved", "2026-11-21T02Z", "a" * 32, f"{number:064x}").encode()


@cache
def served(size: int = SIZE) -> dict[Tile, bytes]:
    """The files of a log of `size` entries, written straight from the definition."""
    leaves = [merkle.leaf_hash(entry(number)) for number in range(size)]
    files = {
        one: tiles.encode_bundle([entry(one.index * 256 + at) for at in range(one.width)])
        for one in tiles.bundles_between(0, size)
    }
    for tile in tiles.tiles_between(0, size):
        level = tile.level or 0
        span = 256**level
        first = tile.index * 256 * span
        files[tile] = b"".join(
            tiles.perfect_hash(b"".join(leaves[first + at * span : first + (at + 1) * span]))
            for at in range(tile.width)
        )
    return files


@cache
def root(size: int = SIZE) -> bytes:
    edge = merkle.Frontier()
    for number in range(size):
        edge.append(merkle.leaf_hash(entry(number)))
    return edge.root()


def check(files: dict[Tile, bytes], *, size: int = SIZE, old: int = 0) -> bytes:
    return fsck.check_growth(files.__getitem__, old_size=old, old_root=root(old), new_size=size)


def test_a_whole_log_leads_to_its_root() -> None:
    assert check(served()) == root()
    for old in (1, 255, 256, 257, 299, 300):
        assert check(served(), old=old) == root()


def unseen(spots: list[tuple[Tile, int]]) -> list[tuple[Tile, int]]:
    """Those bits whose change leaves the log looking whole."""
    found = []
    for file, bit in spots:
        data = bytearray(served()[file])
        data[bit // 8] ^= 1 << bit % 8
        try:
            if check(served() | {file: bytes(data)}) == root():
                found.append((file, bit))
        except LogRefused:
            continue
    return found


@pytest.mark.soak
def test_every_file_is_looked_at_down_to_its_bits(scale: Callable[[int], int]) -> None:
    """N random bits and the first and last of each file; 0 unseen bounds the rate at 3/N."""
    chance = random.Random(20261121)
    spots = [(file, bit) for file, data in served().items() for bit in (0, len(data) * 8 - 1)]
    for _ in range(scale(400)):
        file = chance.choice(list(served()))
        spots.append((file, chance.randrange(len(served()[file]) * 8)))
    assert unseen(spots) == []
    print(f"0 of {len(spots)} flipped bits unseen (3/N {3 / len(spots):.6f})")


@pytest.mark.soak
def test_no_bit_of_the_log_is_overlooked(scale: Callable[[int], int]) -> None:
    """One bit in so many, from the first of every file to its last; from a scale of 1,000 on, every one there is."""
    spots = [(file, bit) for file, data in served().items() for bit in range(len(data) * 8)]
    some = spots[:: max(1, 1000 // scale(1))]
    assert unseen(some) == []
    print(f"0 of {len(some)} flipped bits unseen, of {len(spots)} in a log of {SIZE}")


def test_dropped_doubled_and_reordered_entries_are_seen() -> None:
    bundle = Tile(None, 1, 44)
    kept = tiles.decode_bundle(served()[bundle], 44)
    for wrong in (kept[:-1], [*kept, kept[-1]], [kept[1], kept[0], *kept[2:]], [*kept[:-1], kept[0]]):
        with pytest.raises(LogRefused):
            check(served() | {bundle: tiles.encode_bundle(wrong)})


def test_an_entry_that_no_entry_may_be_is_seen_even_when_it_hashes_right() -> None:
    """A personal field slipped in by a changed writer would be public for ever: the checker names it."""
    body = entry(0).replace(b'"v":1', b'"speaker":"Ada","v":1')
    leaf = merkle.leaf_hash(body)
    files = {Tile(None, 0, 1): tiles.encode_bundle([body]), Tile(0, 0, 1): leaf}
    with pytest.raises(LogRefused, match="entry"):
        fsck.check_growth(files.__getitem__, old_size=0, old_root=merkle.EMPTY_ROOT, new_size=1)


def test_a_log_that_did_not_grow_from_the_known_root_is_refused() -> None:
    with pytest.raises(LogRefused, match="known root"):
        fsck.check_growth(served().__getitem__, old_size=100, old_root=root(101), new_size=SIZE)


@pytest.mark.soak
def test_checking_is_quick_enough_for_a_million(scale: Callable[[int], int]) -> None:
    """Asked: 1,000,000 entries in 30 s. From a scale of 200 on it is a million; the bound leaves room."""
    size = min(1_000_000, scale(5_000))
    files = served(size)
    start = time.process_time()
    assert check(files, size=size) == root(size)
    spent_s = time.process_time() - start
    print(f"{size} entries checked in {spent_s:.1f} s of processor time, {1e6 * spent_s / size:.0f} us each")
    assert spent_s / size < 60e-6
