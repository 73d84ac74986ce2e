"""RFC 6962 Merkle trees: hashes, proofs and their verification, over SHA-256.

Pure arithmetic on hashes. It does not know where hashes are stored: every function that needs
them takes a `NodeReader`. It does not know about signatures either, and that matters: an
inclusion proof does not bind the size of the tree (a proof for size N is often accepted for
size N-1 with the same root). Only a signed checkpoint does, so nothing outside this package
should call `verify_inclusion` alone; `audit.verify` checks the whole bundle.

Source: RFC 6962, section 2.1; the verification loops are those of RFC 9162, sections 2.1.3.2
and 2.1.4.2.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

# A node is named (level, index): the hash over leaves [index << level, (index + 1) << level).
Node = tuple[int, int]
NodeReader = Callable[[int, int], bytes]


class ProofRefused(ValueError):
    """A proof does not show what it claims to show."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry. The 0x00 keeps a leaf from ever posing as an inner node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node over its two children."""
    return sha256(b"\x01" + left + right).digest()


def split_point(count: int) -> int:
    """The largest power of two below `count` (RFC 6962's k); `count` is 2 or more."""
    return 1 << ((count - 1).bit_length() - 1)


def perfect_nodes(start: int, stop: int) -> list[Node]:
    """The fewest whole subtrees that cover leaves [start, stop), from left to right.

    `start` is 0 or the start of a right-hand subtree of the RFC's recursion, so it is a
    multiple of every subtree that follows and the sizes only fall.
    """
    nodes = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def range_hash(start: int, stop: int, read: NodeReader) -> bytes:
    """MTH(D[start:stop]) for a range that the RFC's recursion can reach; not empty."""
    hashes = [read(level, index) for level, index in perfect_nodes(start, stop)]
    combined = hashes.pop()
    while hashes:
        combined = node_hash(hashes.pop(), combined)
    return combined


def root_hash(size: int, read: NodeReader) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return range_hash(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: NodeReader) -> list[bytes]:
    """The sibling hashes from leaf `index` up to the root of the tree of `size` leaves.

    Raises:
        ProofRefused: `index` is not a leaf of that tree.
    """
    if not 0 <= index < size:
        raise ProofRefused(f"leaf {index} is not in a tree of {size}")
    proof: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + split_point(stop - start)
        if index < middle:
            proof.append(range_hash(middle, stop, read))
            stop = middle
        else:
            proof.append(range_hash(start, middle, read))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, read: NodeReader) -> list[bytes]:
    """The hashes which show that the tree of `new` leaves begins with the tree of `old`.

    Raises:
        ProofRefused: `old` is larger than `new` or negative.
    """
    if not 0 <= old <= new:
        raise ProofRefused(f"no proof from {old} to {new} leaves")
    if old in (0, new):
        return []
    proof: list[bytes] = []
    start, stop = 0, new
    while old < stop:
        middle = start + split_point(stop - start)
        if old <= middle:
            proof.append(range_hash(middle, stop, read))
            stop = middle
        else:
            proof.append(range_hash(start, middle, read))
            start = middle
    if start:  # the old tree is not itself a subtree on the left edge, so its last part is given
        proof.append(range_hash(start, stop, read))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse unless `proof` leads from `leaf` at `index` to `root` in a tree of `size`.

    Raises:
        ProofRefused: wrong lengths, wrong index, a hash too many or too few, another root.
    """
    _require_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise ProofRefused(f"leaf {index} is not in a tree of {size}")
    position, last, combined = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofRefused("the proof is longer than the tree is high")
        if position & 1 or position == last:
            combined = node_hash(sibling, combined)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            combined = node_hash(combined, sibling)
        position, last = position >> 1, last >> 1
    if last or combined != root:
        raise ProofRefused("the inclusion proof does not lead to the root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Refuse unless the tree (`new`, `new_root`) begins with the tree (`old`, `old_root`).

    Every tree begins with the empty one, whatever root was given for it: callers that care
    about the empty root compare it with `EMPTY_ROOT`.

    Raises:
        ProofRefused: the sizes go backwards, the proof has the wrong length, a root differs.
    """
    _require_hashes([old_root, new_root, *proof])
    if not 0 <= old <= new:
        raise ProofRefused(f"a log of {old} entries cannot shrink to {new}")
    if old in (0, new):
        if proof:
            raise ProofRefused("the proof should be empty")
        if old == new and old_root != new_root:
            raise ProofRefused("two roots for the same size: the log is forked")
        return
    if not proof:
        raise ProofRefused("the consistency proof is empty")
    _follow_consistency(old, new, list(proof), old_root, new_root)


def _follow_consistency(old: int, new: int, proof: list[bytes], old_root: bytes, new_root: bytes) -> None:
    if old & (old - 1) == 0:  # the old tree is a whole subtree of the new: its root is known
        proof.insert(0, old_root)
    position, last = old - 1, new - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    from_old = from_new = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            raise ProofRefused("the proof is longer than the tree is high")
        if position & 1 or position == last:
            from_old = node_hash(sibling, from_old)
            from_new = node_hash(sibling, from_new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            from_new = node_hash(from_new, sibling)
        position, last = position >> 1, last >> 1
    if last or from_old != old_root or from_new != new_root:
        raise ProofRefused("the consistency proof does not lead to both roots")


def _require_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(one) != HASH_SIZE for one in hashes):
        raise ProofRefused(f"a hash is not {HASH_SIZE} bytes long")


class Frontier:
    """The right edge of a growing tree: enough to append leaves and name the root.

    Holds one hash per set bit of `size`, so a million leaves are re-derived in constant memory.
    """

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash on the right."""
        self.append_perfect(leaf, 0)

    def append_perfect(self, subtree: bytes, level: int) -> None:
        """Add a whole subtree of `1 << level` leaves; `size` must be a multiple of that."""
        if self.size & ((1 << level) - 1):
            raise ValueError("a subtree can only be added on its own boundary")
        position = self.size >> level
        while position & 1:
            subtree = node_hash(self._hashes.pop(), subtree)
            position >>= 1
        self._hashes.append(subtree)
        self.size += 1 << level

    def root(self) -> bytes:
        """The root over everything appended so far."""
        if not self._hashes:
            return EMPTY_ROOT
        combined = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            combined = node_hash(left, combined)
        return combined
