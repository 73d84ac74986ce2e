"""Word errors by PocketSphinx, with a language model closed over the prompts or its own.

For telling whether speech is understood, beside real recordings of the same prompts: the
numbers mean little alone. It prints nothing and judges no naturalness.
"""

import math
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pocketsphinx
import soxr
from numpy.typing import NDArray

_DISCOUNT = 0.5  # absolute discounting of bigram counts; fixed, because figures hang on it
_RATE_HZ = 16_000


def spoken(text: str) -> list[str]:
    """Words as the recogniser spells them."""
    return re.findall(r"[a-z']+", text.lower().replace("’", "'"))


def bigram_model(sentences: Sequence[Sequence[str]]) -> str:
    """An ARPA bigram model of `sentences`, absolute discounting with back-off to unigrams."""
    ones, twos = Counter[str](), Counter[tuple[str, str]]()
    for words in sentences:
        line = ["<s>", *words, "</s>"]
        ones.update(line)
        twos.update(pairwise(line))
    total = sum(ones.values())
    followers = Counter(first for first, _ in twos)
    lines = ["\\data\\", f"ngram 1={len(ones)}", f"ngram 2={len(twos)}", "", "\\1-grams:"]
    for word in sorted(ones):
        left = math.log10(max(_DISCOUNT * followers[word] / ones[word], 1e-9)) if followers[word] else 0.0
        chance = -99.0 if word == "<s>" else math.log10(ones[word] / total)
        lines.append(f"{chance:.5f} {word} {left:.5f}")
    lines += ["", "\\2-grams:"]
    for (first, second), count in sorted(twos.items()):
        lines.append(f"{math.log10((count - _DISCOUNT) / ones[first]):.5f} {first} {second}")
    return "\n".join([*lines, "", "\\end\\", ""])


class Recogniser:
    """PocketSphinx on whole clips. `closed` holds the sentences its language model is made of."""

    def __init__(self, closed: Sequence[str] | None = None) -> None:
        if closed is None:
            self._decoder = pocketsphinx.Decoder(loglevel="FATAL")
            return
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "closed.arpa"
            known = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
            kept = [[word for word in spoken(text) if known.lookup_word(word)] for text in closed]
            model.write_text(bigram_model(kept), encoding="utf-8")
            self._decoder = pocketsphinx.Decoder(lm=str(model), loglevel="FATAL")

    def words(self, wave: NDArray[np.float32], rate_hz: int) -> list[str]:
        """What is heard in mono sound in [-1, 1]."""
        low = soxr.resample(wave, rate_hz, _RATE_HZ)
        low = low * (0.1 / max(float(np.sqrt(np.mean(low**2))), 1e-6))
        data = (np.clip(np.pad(low, 1600), -1, 1) * 32767).astype("<i2").tobytes()
        self._decoder.start_utt()
        self._decoder.process_raw(data, no_search=False, full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return [] if found is None else [re.sub(r"\(\d+\)", "", word) for word in found.hypstr.split()]


def distance(said: Sequence[str], heard: Sequence[str]) -> int:
    """Fewest insertions, deletions and substitutions between two word lists."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def error_rate(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> tuple[float, float, float]:
    """Word error rate over (said, heard) pairs, with a 95 % bootstrap interval over prompts."""
    errors = np.array([distance(said, heard) for said, heard in pairs], float)
    words = np.array([len(said) for said, _ in pairs], float)
    draws = np.random.default_rng(5).integers(0, len(pairs), (1000, len(pairs)))
    rates = errors[draws].sum(1) / words[draws].sum(1)
    return float(errors.sum() / words.sum()), float(np.quantile(rates, 0.025)), float(np.quantile(rates, 0.975))
