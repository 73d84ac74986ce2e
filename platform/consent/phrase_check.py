"""Was the challenge said? Heard by a recogniser that may only choose word by word.

Free decoding gets every third word of a stranger wrong. So the recogniser is not asked what was said:
for each word of the challenge it chooses between that word and a dozen others of like length, one
after the other - some 13**10 other sentences of the same length, the challenge among them. Whoever
said the challenge is heard nearly whole; whoever said something else is heard in one word of ten.

Who is heard badly, but not as somebody else altogether, is asked about once more, as a whole: the challenge
among WHOLE other sentences of the same length. Only when another of them fits better is it "not said".

It decides three ways. What it cannot judge - other languages, words it does not know, much noise,
strong accents, impaired speech - goes to the officer's ear with that note, never to a refusal.
It knows words, not people: a recording of anybody saying the phrase passes here.

Measured by ``python -m consent.bench``; the figures stand in the README. Needs pocketsphinx (BSD), whose
US-English model lies in its wheel. Pure otherwise: no Django, no files, no clock.

Source: P. Placeway et al., "The 1996 Hub-4 Sphinx-3 System"; PocketSphinx 5.1, JSGF grammars.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Any, Literal

import numpy as np
import soxr

from audio.clip import Clip
from consent.phrases import slots_of

Verdict = Literal["said", "not_said", "cannot_tell"]

RATE_HZ = 16_000
DECOYS = 12  # per word; more cost time and tell little more
WHOLE = 150  # other sentences in the second look
SECOND_LOOK_FROM = 0.15  # share of the words; fewer are heard of any other sentence too
# Shares of the words heard. Between them lies what a person has to listen to.
SAID_FROM = 0.65
NOT_SAID_BELOW = 0.35
LEAST_WORDS = 4  # fewer words are heard by chance too often
LEAST_S, MOST_S = 1.0, 60.0
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_SMALL_WORDS = (
    "a the of and to in is it his her he she was had with you that they for him were my this not at but no on all "
    "are we now from them have one by an did be me like what out your so been time would our up into could how see "
    "made know off never go will when first came before back way then over much day who here come why want some "
    "good long head again after about too these something mister little men eyes"
)


@dataclass(frozen=True)
class PhraseFinding:
    """What the recogniser made of it.

    Attributes:
        verdict: said, not_said or cannot_tell.
        heard, of: how many of the phrase's words were heard, out of how many that could be.
        missing: the words that were not heard, in the phrase's order.
        reason: for cannot_tell, why: language, words, length, unclear; empty otherwise.
    """

    verdict: Verdict
    heard: int = 0
    of: int = 0
    missing: tuple[str, ...] = ()
    reason: str = ""


class Listener:
    """A recogniser with its model loaded (about 60 MB, a fifth of a second). One per thread."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder  # not in the web image; only a worker listens

        self._decoder: Any = Decoder(lm=None, samprate=RATE_HZ, loglevel="FATAL")
        slots = slots_of("en").slots
        pool = {word for choices in slots.values() for choice in choices for word in words_of(choice)}
        self._sounds = {word: self.sounds(word) for word in sorted(pool | set(_SMALL_WORDS.split()))}

    def sounds(self, word: str) -> int:
        """How many sounds the dictionary gives `word`; 0 when it does not know it."""
        found = self._decoder.lookup_word(word)
        return len(found.split()) if found else 0

    def hear(self, clip: Clip, words: list[str]) -> list[str]:
        """The most likely choice for each of `words` between it and its decoys; shorter when it gave up."""
        rng = _rng(words)
        return self._decode(clip, " ".join(f"( {' | '.join(self._choices(word, rng))} )" for word in words))

    def fits_best(self, clip: Clip, words: list[str]) -> bool:
        """Whether `words` as a whole fit better than WHOLE sentences of other words of like length."""
        rng = _rng(words)
        choices = [[one for one in self._choices(word, rng) if one != word] for word in words]
        others = [[rng.choice(some) for some in choices] for _ in range(WHOLE)]
        return self._decode(clip, " | ".join(" ".join(sentence) for sentence in [words, *others])) == words

    def _decode(self, clip: Clip, said: str) -> list[str]:
        self._decoder.add_jsgf_string("challenge", f"#JSGF V1.0;\ngrammar challenge;\npublic <said> = {said} ;")
        self._decoder.activate_search("challenge")
        self._decoder.start_utt()
        self._decoder.process_raw(_pcm(clip), full_utt=True)
        self._decoder.end_utt()
        if self._decoder.hyp() is None:
            return []
        found = [re.sub(r"\(\d+\)$", "", part.word) for part in self._decoder.seg()]
        return [word for word in found if word[0].isalpha()]

    def _choices(self, word: str, rng: Random) -> list[str]:
        target = self._sounds.get(word) or self.sounds(word)
        others = sorted((abs(n - target), rng.random(), other) for other, n in self._sounds.items() if other != word)
        return sorted([word, *(other for _, _, other in others[:DECOYS])])


def check(clip: Clip, phrase: str, locale: str, listening: Callable[[], Listener]) -> PhraseFinding:
    """Whether `phrase` was said in `clip`.

    Args:
        clip: speech at any rate and level; what comes before and after the phrase should be silence.
        phrase: the challenge as it was shown.
        locale: of the phrase; anything but English cannot be told here.
        listening: gives a listener that nobody else uses meanwhile; not asked where none is needed.
    """
    if not locale.lower().startswith("en"):
        return PhraseFinding("cannot_tell", reason="language")
    if not LEAST_S <= clip.length_s <= MOST_S:
        return PhraseFinding("cannot_tell", reason="length")
    listener, words = listening(), words_of(phrase)
    known = [word for word in words if listener.sounds(word)]
    if len(known) < max(LEAST_WORDS, 0.75 * len(words)):
        return PhraseFinding("cannot_tell", of=len(words), reason="words")
    heard = listener.hear(clip, known)
    finding = judge(known, heard)
    unsure = len(heard) < len(known) or finding.heard >= SECOND_LOOK_FROM * finding.of
    if finding.verdict == "not_said" and unsure and listener.fits_best(clip, known):
        return replace(finding, verdict="cannot_tell", reason="unclear")
    return finding


def judge(words: list[str], heard: list[str]) -> PhraseFinding:
    """The verdict on what was heard for `words`, position by position; "not said" is still to be confirmed."""
    same = [word == other for word, other in zip(words, heard, strict=False)]
    same += [False] * (len(words) - len(same))
    missing = tuple(word for word, good in zip(words, same, strict=True) if not good)
    share = sum(same) / len(words)
    if share >= SAID_FROM:
        return PhraseFinding("said", sum(same), len(words), missing)
    if share < NOT_SAID_BELOW:
        return PhraseFinding("not_said", sum(same), len(words), missing)
    return PhraseFinding("cannot_tell", sum(same), len(words), missing, reason="unclear")


def words_of(text: str) -> list[str]:
    """The words of English `text` in lower case, without punctuation."""
    return _WORD.findall(text.lower().replace("’", "'"))


def _rng(words: list[str]) -> Random:
    # Seeded by the phrase: the same evidence gets the same verdict on every look.
    return Random(sha256(" ".join(words).encode()).digest())  # noqa: S311 - decoys are no secret


def _pcm(clip: Clip) -> bytes:
    # 16 bit at 16 kHz, at half of full scale: the recogniser normalises its features, but must not be clipped.
    samples = clip.mono().samples
    if clip.rate_hz != RATE_HZ:
        samples = soxr.resample(samples, clip.rate_hz, RATE_HZ)
    level = max(float(np.max(np.abs(samples), initial=0.0)), 1e-3)
    return bytes((samples / level * 16_384).astype("<i2").tobytes())
