"""A (512, 64) polar code with list decoding: 64 bits in, 512 signs out, soft evidence back.

The 16 check bits ride inside the 64, so the list decoder returns candidates and the caller keeps the one
whose check holds. Low rate (1/8) because a telephone leaves far less than one bit of evidence per sign.

Shapes: B words decoded together, P paths of the list, N = 512.

Source: Arikan 2009; Tal and Vardy 2015 (lists); polarisation weights of 3GPP R1-1708833 (beta = 2 ** 0.25).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

N = 512
K = 64
Bits = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
_Kind = TypeVar("_Kind", bound=np.generic)


@lru_cache(maxsize=1)
def _info_mask() -> npt.NDArray[np.bool_]:
    """True where a position carries information: the 64 most reliable of 512."""
    index = np.arange(N)
    weight = sum(((index >> bit) & 1) * 2.0 ** (bit / 4) for bit in range(9))
    mask = np.zeros(N, bool)
    mask[np.argsort(weight)[-K:]] = True
    return mask


def encode(bits: Bits) -> Bits:
    """64 bits to 512 code bits; both uint8 of 0 and 1, last axis."""
    word = np.zeros((*bits.shape[:-1], N), np.uint8)
    word[..., _info_mask()] = bits
    half = 1
    while half < N:
        pairs = word.reshape(*bits.shape[:-1], N // (2 * half), 2, half)
        pairs[..., 0, :] ^= pairs[..., 1, :]
        half *= 2
    return word


def decode(llr: Floats, paths: int = 16) -> tuple[Bits, Floats]:
    """The likeliest messages for each word.

    Args:
        llr: (B, 512); positive where the code bit is rather 0; only the scale within a word matters.
        paths: how many candidates are kept alive; 16 costs about 30 ms however large B is up to 16.

    Returns:
        bits (B, P, 64) and their path metrics (B, P), best first, smaller is better.
    """
    search = _List.start(llr.astype(np.float32), paths)
    search.descend(np.repeat(llr[:, None, :].astype(np.float32), paths, axis=1), _info_mask())
    order = np.argsort(search.metric, axis=1)
    return (
        np.take_along_axis(search.bits, order[..., None], axis=1),
        np.take_along_axis(search.metric, order, axis=1),
    )


@dataclass
class _List:
    """The living paths: what each has decided so far and at what cost."""

    metric: Floats  # (B, P)
    bits: Bits  # (B, P, 64)
    decided: int

    @classmethod
    def start(cls, llr: Floats, paths: int) -> "_List":
        metric = np.full((len(llr), paths), np.inf, np.float32)
        metric[:, 0] = 0.0
        return cls(metric, np.zeros((len(llr), paths, K), np.uint8), 0)

    def descend(self, llr: Floats, info: npt.NDArray[np.bool_]) -> tuple[Bits, npt.NDArray[np.intp]]:
        """Decide one subtree: its code bits (B, P, n) and which old path each new path came from (B, P)."""
        if not info.any():
            self.metric = self.metric + np.maximum(-llr, 0.0).sum(axis=-1)
            return np.zeros(llr.shape, np.uint8), self._unmoved()
        if len(info) == 1:
            return self._fork(llr[..., 0])
        half = len(info) // 2
        first, second = llr[..., :half], llr[..., half:]
        left, moved = self.descend(_min_sum(first, second), info[:half])
        first, second = _follow(first, moved), _follow(second, moved)
        right, again = self.descend(second + (1.0 - 2.0 * left.astype(np.float32)) * first, info[half:])
        left = _follow(left, again)
        return np.concatenate([left ^ right, right], axis=-1), np.take_along_axis(moved, again, axis=1)

    def _unmoved(self) -> npt.NDArray[np.intp]:
        return np.broadcast_to(np.arange(self.metric.shape[1]), self.metric.shape)

    def _fork(self, llr: Floats) -> tuple[Bits, npt.NDArray[np.intp]]:
        """Try both values of one bit on every path and keep the cheapest half."""
        paths = self.metric.shape[1]
        costs = np.concatenate([self.metric + np.maximum(-llr, 0.0), self.metric + np.maximum(llr, 0.0)], axis=1)
        kept = np.argpartition(costs, paths - 1, axis=1)[:, :paths]
        origin, bit = kept % paths, (kept >= paths).astype(np.uint8)
        self.metric = np.take_along_axis(costs, kept, axis=1)
        self.bits = _follow(self.bits, origin)
        self.bits[..., self.decided] = bit
        self.decided += 1
        return bit[..., None], origin


def _follow(values: npt.NDArray[_Kind], origin: npt.NDArray[np.intp]) -> npt.NDArray[_Kind]:
    return np.take_along_axis(values, origin[..., None], axis=1)


def _min_sum(a: Floats, b: Floats) -> Floats:
    return np.sign(a) * np.sign(b) * np.minimum(np.abs(a), np.abs(b))
