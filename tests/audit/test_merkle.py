"""Hashes and proofs against published vectors, against a naive twin, and against forgers.

Vectors: the eight leaves, roots and proofs that Certificate Transparency publishes with its
reference code (google/certificate-transparency, taken over by transparency-dev/merkle in
proof/verify_test.go). Second check: `naive_root` and `naive_inclusion` below, written from the
text of RFC 6962, section 2.1, with slices and recursion and nothing shared with the code.
"""

import random
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
INCLUSION = {  # (index, size) -> proof
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {  # (old, new) -> proof
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}


def naive_root(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return sha256(b"\x00" + leaves[0]).digest() if leaves else sha256().digest()
    k = max(2**power for power in range(40) if 2**power < len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_inclusion(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = max(2**power for power in range(40) if 2**power < len(leaves))
    if m < k:
        return [*naive_inclusion(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_inclusion(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(m: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = max(2**power for power in range(40) if 2**power < len(leaves))
    if m <= k:
        return [*naive_consistency(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_consistency(m - k, leaves[k:], False), naive_root(leaves[:k])]


def reader(leaves: list[bytes]) -> merkle.NodeReader:
    return lambda level, index: naive_root(leaves[index << level : (index + 1) << level])


def entries(count: int) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(count)]


def unhex(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in proof]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert merkle.root_hash(size, reader(LEAVES)) == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root_hash(0, reader([])) == sha256().digest()


@pytest.mark.parametrize("place", INCLUSION)
def test_published_inclusion_proofs_are_made_and_accepted(place: tuple[int, int]) -> None:
    index, size = place
    proof = unhex(INCLUSION[place])
    assert merkle.inclusion_proof(index, size, reader(LEAVES)) == proof
    merkle.verify_inclusion(merkle.leaf_hash(LEAVES[index]), index, size, proof, ROOTS[size - 1])


@pytest.mark.parametrize("sizes", CONSISTENCY)
def test_published_consistency_proofs_are_made_and_accepted(sizes: tuple[int, int]) -> None:
    old, new = sizes
    proof = unhex(CONSISTENCY[sizes])
    assert merkle.consistency_proof(old, new, reader(LEAVES)) == proof
    merkle.verify_consistency(old, new, proof, ROOTS[old - 1], ROOTS[new - 1])


@given(st.data())
def test_every_proof_equals_the_naive_twins(data: st.DataObject) -> None:
    leaves = entries(data.draw(st.integers(1, 70)))
    index = data.draw(st.integers(0, len(leaves) - 1))
    old = data.draw(st.integers(1, len(leaves)))
    root = naive_root(leaves)
    proof = merkle.inclusion_proof(index, len(leaves), reader(leaves))
    assert proof == naive_inclusion(index, leaves)
    merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), index, len(leaves), proof, root)
    proof = merkle.consistency_proof(old, len(leaves), reader(leaves))
    assert proof == naive_consistency(old, leaves)
    merkle.verify_consistency(old, len(leaves), proof, naive_root(leaves[:old]), root)


@given(st.integers(0, 300))
def test_the_frontier_names_the_same_root(count: int) -> None:
    edge = merkle.Frontier()
    for entry in entries(count):
        edge.append(merkle.leaf_hash(entry))
    assert (edge.size, edge.root()) == (count, naive_root(entries(count)))


def spoiled(hashes: list[bytes], chance: random.Random) -> list[bytes]:
    """The proof with one bit flipped, one hash dropped, doubled, swapped or put in."""
    kind = chance.choice(["flip", "drop", "double", "insert", "extend", "short"])
    place = chance.randrange(len(hashes)) if hashes else 0
    if kind == "flip" and hashes:
        bit = chance.randrange(256)
        broken = bytearray(hashes[place])
        broken[bit // 8] ^= 1 << bit % 8
        return [*hashes[:place], bytes(broken), *hashes[place + 1 :]]
    if kind == "drop" and hashes:
        return [*hashes[:place], *hashes[place + 1 :]]
    if kind == "double" and hashes:
        return [*hashes[: place + 1], *hashes[place:]]
    if kind == "short" and hashes:
        return [*hashes[:place], hashes[place][:-1], *hashes[place + 1 :]]
    return [*hashes[:place], chance.randbytes(32), *hashes[place:]]


@pytest.mark.soak
def test_spoiled_proofs_are_refused(scale: Callable[[int], int]) -> None:
    chance, trials = random.Random(20261121), scale(2_000)  # 0 of N accepted bounds the rate at 3/N
    for _ in range(trials):
        leaves = entries(chance.randint(2, 40))
        size, root = len(leaves), naive_root(leaves)
        index, old = chance.randrange(size), chance.randint(1, size)
        leaf = merkle.leaf_hash(leaves[index])
        proof = spoiled(naive_inclusion(index, leaves), chance)
        with pytest.raises(merkle.ProofRefused):
            merkle.verify_inclusion(leaf, index, size, proof, root)
        proof = spoiled(naive_consistency(old, leaves), chance)
        with pytest.raises(merkle.ProofRefused):
            merkle.verify_consistency(old, size, proof, naive_root(leaves[:old]), root)


def test_another_leaf_index_or_root_is_refused() -> None:
    leaves = entries(13)
    root, proof = naive_root(leaves), naive_inclusion(6, leaves)
    leaf = merkle.leaf_hash(leaves[6])
    wrong = [
        (merkle.leaf_hash(leaves[7]), 6, 13, root),
        (leaf, 7, 13, root),
        (leaf, -1, 13, root),
        (leaf, 13, 13, root),
        (leaf, 6, 0, root),
        (leaf, 6, 13, naive_root(leaves[:12])),
        (leaf, 6, 13, root[:-1]),
    ]
    for one in wrong:
        with pytest.raises(merkle.ProofRefused):
            merkle.verify_inclusion(*one[:3], proof, one[3])


def test_an_inclusion_proof_does_not_bind_the_size_of_the_tree() -> None:
    """Why nothing but a signed checkpoint may say how large the tree is."""
    leaves = entries(13)
    leaf, proof = merkle.leaf_hash(leaves[2]), naive_inclusion(2, leaves)
    merkle.verify_inclusion(leaf, 2, 12, proof, naive_root(leaves))


@pytest.mark.parametrize(("old", "new"), [(5, 4), (-1, 4)])
def test_a_log_does_not_shrink(old: int, new: int) -> None:
    with pytest.raises(merkle.ProofRefused):
        merkle.verify_consistency(old, new, [], ROOTS[4], ROOTS[3])
    with pytest.raises(merkle.ProofRefused):
        merkle.consistency_proof(old, new, reader(LEAVES))


def test_two_roots_of_one_size_are_a_fork() -> None:
    merkle.verify_consistency(4, 4, [], ROOTS[3], ROOTS[3])
    with pytest.raises(merkle.ProofRefused, match="forked"):
        merkle.verify_consistency(4, 4, [], ROOTS[3], ROOTS[2])
    with pytest.raises(merkle.ProofRefused):
        merkle.verify_consistency(4, 4, [ROOTS[0]], ROOTS[3], ROOTS[3])


def test_a_subtree_is_only_added_on_its_own_boundary() -> None:
    edge = merkle.Frontier()
    edge.append(ROOTS[0])
    with pytest.raises(ValueError, match="boundary"):
        edge.append_perfect(ROOTS[1], 1)
