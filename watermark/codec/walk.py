"""Every output of a list laid along a clip, symbol by symbol: finds what has lost its pilots.

Pilots are the same for every output that passes a place of the pattern. Somebody who holds many outputs together with
their clean originals learns the pilots of those places and can take them out of another output, or turn them round; its
payload symbols carry the signs of its own record, which he has never seen. A search that begins with the pilots
(`seek.py`) misses such a clip. This one begins with the outputs, a millisecond for each, and hears their payload alone.

It only proposes; what counts is the exact score.

Shapes: S sequences, K symbol times, P pieces of outputs, F frequencies.
"""

from collections.abc import Iterator
from heapq import nlargest
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from watermark.codec.outputs import Outputs
from watermark.codec.pattern import NARROW, PILOTS, Pattern, Signs
from watermark.codec.payload import words_of

AT_ONCE = 16  # pieces
LONGEST = 2048  # symbol times of a transform; longer outputs are walked in pieces
_SHARE = 1.0 - PILOTS[0] / NARROW

Floats = npt.NDArray[np.float32]
Complexes = npt.NDArray[np.complex64]


class Met(NamedTuple):
    """How well a sequence agrees with a record from a place on, in units of what chance gives."""

    score: float
    sequence: int
    record: int
    place: int


class Piece(NamedTuple):
    """Part of an output: its record, the first place of the pattern that is looked at, and how many there are."""

    record: int
    place: int
    places: int


def walk(outputs: Outputs, windows: Floats, most: int) -> list[Met]:
    """The best `most` agreements, one for each sequence and piece of an output at most.

    Args:
        windows: narrow-band evidence (S, K, 22) whose place is sought, K at most 512; shorter ones end in zeros.
    """
    count = windows.shape[1]
    size = fft.next_fast_len(min(int(outputs.symbols.max(initial=1)) + 2 * count, LONGEST), real=True)
    norm = np.sqrt(_SHARE * (windows**2).sum(axis=(1, 2)) + 1e-6)
    heard = np.conj(fft.rfft(windows / norm[:, None, None], size, axis=1))  # (S, F, 22)
    found: list[Met] = []
    all_pieces = _pieces(outputs, count, size)
    while pieces := list(islice(all_pieces, AT_ONCE)):
        found = nlargest(most, [*found, *_met(outputs, heard, pieces, size)])
    return found


def _pieces(outputs: Outputs, count: int, size: int) -> Iterator[Piece]:
    """Pieces that together hold every place from which `count` symbols meet the output, and no other."""
    whole = size - count + 1  # places of a transform that see all symbols
    for record, place, symbols in zip(outputs.records, outputs.places, outputs.symbols, strict=True):
        for first in range(1 - count, int(symbols), whole):
            yield Piece(int(record), int(place) + first, min(whole, int(symbols) - first))


def _met(outputs: Outputs, heard: Complexes, pieces: list[Piece], size: int) -> Iterator[Met]:
    sums = np.einsum("sfb,pfb->psf", heard, _spectra(outputs, pieces, size), optimize=True)
    agree = fft.irfft(sums, size, axis=2)
    for row, piece in zip(agree, pieces, strict=True):
        row[:, piece.places :] = -np.inf  # what is not paid for
    best = agree.argmax(axis=2)
    for number, sequence in np.ndindex(best.shape):
        at = int(best[number, sequence])
        yield Met(float(agree[number, sequence, at]), sequence, pieces[number].record, pieces[number].place + at)


def _spectra(outputs: Outputs, pieces: list[Piece], size: int) -> Complexes:
    """Spectra of what the pieces should sound like, (P, F, 22)."""
    pattern, signs = Pattern(outputs.key), np.empty((len(pieces), size, NARROW), np.float32)
    words: list[Signs] = list(words_of(outputs.key, [piece.record for piece in pieces]))
    for row, piece, word in zip(signs, pieces, words, strict=True):
        row[:] = pattern.payload(piece.place, size, word)
    return np.asarray(fft.rfft(signs, axis=1), np.complex64)
