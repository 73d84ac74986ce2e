"""Single words of one reader, cut out of real recordings, to put challenge phrases together for measuring.

Only ``consent.bench`` uses it: it needs text and recordings, and makes sound that nobody spoke in one
breath - exactly what a splice attack is, which is why the product never does this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.clip import Clip
from consent.phrase_check import RATE_HZ, words_of

FRAME = RATE_HZ // 100  # the aligner counts in hundredths of a second
GAP_S = 0.06  # between words; people who read a phrase word by word leave more
EDGE_S = 0.01
LEAST_FRAMES = 8

Samples = NDArray[np.float32]


class WordBank:
    """Words of one voice with the places where they were said.

    Args:
        readings: recordings with their words; one that does not align is left out.
    """

    def __init__(self, voice: str, readings: Iterable[tuple[Clip, Sequence[str]]]) -> None:
        from pocketsphinx import Decoder

        self.voice = voice
        self._cuts: dict[str, list[Samples]] = defaultdict(list)
        aligner: Any = Decoder(lm=None, samprate=RATE_HZ, loglevel="FATAL")
        for clip, words in readings:
            if all(aligner.lookup_word(word) for word in words):
                self._add(_at_rate(clip), words, aligner)

    def _add(self, samples: Samples, words: Sequence[str], aligner: Any) -> None:
        aligner.set_align_text(" ".join(words))
        aligner.start_utt()
        aligner.process_raw((samples * 32_767).astype("<i2").tobytes(), full_utt=True)
        aligner.end_utt()
        if aligner.hyp() is None:
            return
        for part in aligner.seg():
            word = part.word.split("(")[0]
            if word in words and part.end_frame - part.start_frame >= LEAST_FRAMES:
                edge = int(EDGE_S * RATE_HZ)
                start, end = part.start_frame * FRAME - edge, (part.end_frame + 1) * FRAME + edge
                self._cuts[word].append(_faded(samples[max(0, start) : end]))

    def narrowed(self, slots: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
        """The slots with the words that this voice has."""
        return {name: tuple(choice for choice in choices if self._has(choice)) for name, choices in slots.items()}

    def covered(self, slots: Mapping[str, Sequence[str]]) -> str:
        """How many of the slots' words this voice has."""
        has = sum(len(words) for words in self.narrowed(slots).values())
        return f"{has} of {sum(len(words) for words in slots.values())} ({self.voice})"

    def say(self, words: Sequence[str], rng: Random) -> Samples:
        """`words` one after the other, each cut chosen by `rng`, with half a second around."""
        around, gap = np.zeros(RATE_HZ // 2, np.float32), np.zeros(int(GAP_S * RATE_HZ), np.float32)
        parts = [around]
        for word in words:
            parts += [_level(rng.choice(self._cuts[word])), gap]
        return np.concatenate([*parts, around])

    def _has(self, choice: str) -> bool:
        return all(word in self._cuts for word in words_of(choice))


def _at_rate(clip: Clip) -> Samples:
    samples: Samples = (
        soxr.resample(clip.mono().samples, clip.rate_hz, RATE_HZ) if clip.rate_hz != RATE_HZ else clip.mono().samples
    )
    return samples / max(1.0, float(np.max(np.abs(samples), initial=0.0)))


def _faded(samples: Samples) -> Samples:
    ramp = np.minimum(1.0, np.arange(samples.size, dtype=np.float32) / (EDGE_S * RATE_HZ))
    return samples * ramp * ramp[::-1]


def _level(samples: Samples) -> Samples:
    loud = float(np.sqrt(np.mean(samples**2))) or 1.0
    return (samples * (0.08 / loud)).astype(np.float32)
