"""Which letters of a word make which of its phones.

For building the dictionary and the spelling model; nothing at run time needs it. Every letter makes
zero, one or two phones, in order. Which is likeliest is learned from the dictionary itself by
expectation maximisation on best paths (Viterbi training).

Shapes: N letters, M phones.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

Phones = tuple[str, ...]
Table = dict[str, dict[Phones, float]]  # letter -> phones -> log probability

ROUNDS = 6
FLOOR = {0: -12.0, 1: -14.0, 2: -18.0}  # log probability of a pairing never seen, by its number of phones
NEVER = -1e9


def learn(words: Mapping[str, Phones], *, sample: int = 15_000) -> Table:
    """Letter-to-phones probabilities of a dictionary.

    Args:
        words: spelling to ARPABET phones without stress.
        sample: words used for all rounds but the last; every n-th of the dictionary.
    """
    items = list(words.items())
    part = items[:: max(1, len(items) // sample)]
    table = _estimate(_along_the_diagonal(part))
    for number in range(ROUNDS):
        table = _estimate(_counted(part if number + 1 < ROUNDS else items, table))
    return table


def align(word: str, phones: Phones, table: Table) -> list[Phones] | None:
    """The likeliest phones of each letter, or None when the word has too few letters for its phones."""
    size, count = len(word), len(phones)
    if count > 2 * size:
        return None
    best = [[NEVER] * (count + 1) for _ in range(size + 1)]
    taken = [[0] * (count + 1) for _ in range(size + 1)]
    best[0][0] = 0.0
    for row, letter in enumerate(word):
        _step(table.get(letter, {}), phones, best[row], best[row + 1], taken[row + 1])
    return _walk_back(phones, taken) if best[size][count] > NEVER else None


def _step(likely: dict[Phones, float], phones: Phones, now: list[float], then: list[float], taken: list[int]) -> None:
    for place, score in enumerate(now):
        if score <= NEVER:
            continue
        for used in range(min(2, len(phones) - place) + 1):
            value = score + likely.get(phones[place : place + used], FLOOR[used])
            if value > then[place + used]:
                then[place + used], taken[place + used] = value, used


def _walk_back(phones: Phones, taken: list[list[int]]) -> list[Phones]:
    pieces: list[Phones] = []
    place = len(phones)
    for row in range(len(taken) - 1, 0, -1):
        used = taken[row][place]
        pieces.append(phones[place - used : place])
        place -= used
    return pieces[::-1]


def _counted(items: Iterable[tuple[str, Phones]], table: Table) -> dict[str, Counter[Phones]]:
    counts: dict[str, Counter[Phones]] = defaultdict(Counter)
    for word, phones in items:
        for letter, piece in zip(word, align(word, phones, table) or (), strict=False):
            counts[letter][piece] += 1
    return counts


def _along_the_diagonal(items: Iterable[tuple[str, Phones]]) -> dict[str, Counter[Phones]]:
    """A first guess: a letter goes with the phones at the same fraction of the word."""
    counts: dict[str, Counter[Phones]] = defaultdict(Counter)
    for word, phones in items:
        for row, letter in enumerate(word):
            place = min(len(phones) - 1, round(row * len(phones) / len(word)))
            counts[letter][phones[place : place + 1]] += 10
            counts[letter][phones[max(0, place - 1) : place] or phones[:1]] += 5
            counts[letter][()] += 4 if len(phones) < len(word) else 0
            counts[letter][phones[place : place + 2]] += 1
    return counts


def _estimate(counts: dict[str, Counter[Phones]]) -> Table:
    return {
        letter: {piece: math.log(n / seen.total()) for piece, n in seen.items() if n > 1}
        for letter, seen in counts.items()
    }
