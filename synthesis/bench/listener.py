"""Word errors by a machine that listens: pocketsphinx with a closed and with its own open language model.

The closed model is a bigram model of the prompts that are read, absolute discounting of 0.5 with back-off to
unigrams; an absolute rate means little, the ratio to the same speaker's real recordings does. Pocketsphinx likes
even, over-articulated voices: its figures never rank naturalness.

Shapes: T samples.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder

from synthesis.tts.text import english, normalise

DISCOUNT = 0.5
DRAWS = 2000
RATE_HZ = 16_000


def words(text: str) -> list[str]:
    """A prompt as the words that are read out."""
    normal = normalise.english(text, known=english.known).lower()
    return re.findall(r"[a-z']+", normal)


class Listener:
    """One recogniser. Keeps state between calls of its own: one per thread.

    Args:
        model: an ARPA file, or None for pocketsphinx's own English trigrams.
    """

    def __init__(self, model: Path | None = None) -> None:
        self._decoder = Decoder(lm=str(model), loglevel="FATAL") if model else Decoder(loglevel="FATAL")

    def hear(self, samples: NDArray[np.float32]) -> list[str]:
        """Words in 16 kHz mono sound (T,)."""
        self._decoder.start_utt()
        self._decoder.process_raw(np.clip(samples * 32767, -32768, 32767).astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return re.sub(r"\(\d+\)", "", found.hypstr).split() if found else []


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words inserted, left out and mistaken."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(said, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(heard, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def write_closed_model(prompts: Sequence[Sequence[str]], to: Path) -> None:
    """The bigram model of prompts, as an ARPA file."""
    ones: Counter[str] = Counter()
    twos: Counter[tuple[str, str]] = Counter()
    for prompt in prompts:
        sentence = ["<s>", *prompt, "</s>"]
        ones.update(sentence)
        twos.update(pairwise(sentence))
    lines = ["\\data\\", f"ngram 1={len(ones)}", f"ngram 2={len(twos)}", "", "\\1-grams:"]
    total = sum(count for word, count in ones.items() if word != "<s>")
    follow = Counter(first for first, _ in twos)
    starts: Counter[str] = Counter()
    for (first, _), count in twos.items():
        starts[first] += count
    for word in sorted(ones):
        chance = math.log10(ones[word] / total) if word != "<s>" else -99.0
        lines.append(f"{chance:.4f} {word} {_back_off(word, starts, follow, twos, ones, total):.4f}")
    lines += ["", "\\2-grams:"]
    for (first, second), count in sorted(twos.items()):
        lines.append(f"{math.log10((count - DISCOUNT) / starts[first]):.4f} {first} {second}")
    to.write_text("\n".join([*lines, "", "\\end\\", ""]), encoding="utf-8")


def _back_off(
    word: str, starts: Counter[str], follow: Counter[str], twos: Counter[tuple[str, str]],
    ones: Counter[str], total: int,
) -> float:
    """Log10 weight of the unigrams after `word`: what discounting freed, over what is not seen after it."""
    if not starts[word]:
        return 0.0
    freed = DISCOUNT * follow[word] / starts[word]
    seen = sum(ones[second] for first, second in twos if first == word) / total
    return math.log10(freed / max(1e-6, 1 - min(seen, 1 - 1e-6)))


def rate(counted: Sequence[tuple[int, int]]) -> float:
    """Word error rate of (errors, words) per prompt; nan of none."""
    return sum(wrong for wrong, _ in counted) / sum(words for _, words in counted) if counted else float("nan")


def interval(counted: Sequence[tuple[int, int]], *, draws: int = DRAWS, seed: int = 0) -> tuple[float, float]:
    """95 % interval of `rate` over prompts drawn again."""
    low, high = np.quantile(_drawn(counted, _picks(len(counted), draws, seed)), [0.025, 0.975])
    return float(low), float(high)


def ratio_interval(
    ours: Sequence[tuple[int, int]], real: Sequence[tuple[int, int]], *, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Word error rate of ours over real, with the 95 % interval of drawing the same prompts for both again.

    Args:
        ours, real: (errors, words) per prompt, in the same order.
    """
    picks = _picks(len(ours), draws, seed)
    drawn = _drawn(ours, picks) / np.maximum(_drawn(real, picks), 1e-9)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return rate(ours) / max(rate(real), 1e-9), float(low), float(high)


def _picks(count: int, draws: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(count, size=(draws, count))


def _drawn(counted: Sequence[tuple[int, int]], picks: NDArray[np.int64]) -> NDArray[np.float64]:
    values = np.asarray(counted, float)
    return np.asarray(values[picks, 0].sum(1) / values[picks, 1].sum(1))
