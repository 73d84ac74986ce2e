"""Put sentences in the order in which a person with little strength should read them.

Greedy: the next sentence is the one that adds most that was not heard yet for the time it takes to say. Single
phones count first, pairs of phones after, each worth less every time it has been heard. Whoever stops after ten
sentences has said every sound of the language; after thirty and sixty, most of the ways they meet.

Pure. A dictionary is handed in; no text is judged here but by its phones.
Source: the greedy set cover of inventory design (Santen and Buchsbaum, "Methods for optimal text selection", 1997).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

Phones = tuple[str, ...]

EDGE = "-"  # before the first and after the last phone: how a voice begins and ends is heard too
_PHONE_WORTH, _PAIR_WORTH = 6.0, 1.0
_START_COST = 6.0  # phones' worth of effort for every sentence, however short


def order(sentences: Mapping[str, Phones]) -> list[str]:
    """The sentences in reading order.

    Args:
        sentences: text -> its phones, stress removed.

    Returns:
        Every text once; ties go to the earlier one, so that the order is the same everywhere.
    """
    heard: Counter[Phones] = Counter()
    left = dict(sentences)
    chosen: list[str] = []
    while left:
        best = max(left, key=lambda text: _gain(left[text], heard))
        heard.update(units(left.pop(best)))
        chosen.append(best)
    return chosen


def units(phones: Phones) -> Counter[Phones]:
    """What is counted in a sentence: its phones, and its pairs with the edges."""
    padded = (EDGE, *phones, EDGE)
    return Counter([*((phone,) for phone in phones), *pairwise(padded)])


def coverage(read: Sequence[Phones], of: Sequence[Phones]) -> tuple[float, float]:
    """Which share of the phones and of the pairs of phones in `of` the sentences `read` hold."""
    have = {unit for phones in read for unit in units(phones)}
    want = {unit for phones in of for unit in units(phones)}
    shares = []
    for size in (1, 2):
        sized = {unit for unit in want if len(unit) == size}
        shares.append(len(sized & have) / len(sized))
    return shares[0], shares[1]


def _gain(phones: Phones, heard: Counter[Phones]) -> float:
    worth = 0.0
    for unit, count in units(phones).items():
        first = _PHONE_WORTH if len(unit) == 1 else _PAIR_WORTH
        # The second hearing is worth a third, the third a ninth: variety before repetition.
        worth += sum(first * 3.0 ** -min(heard[unit] + again, 8) for again in range(count))
    return worth / (len(phones) + _START_COST)
