"""Measure a trained voice on takes of the person that were kept from its training.

Similarity is the engine's own speaker embedding; Resemblyzer and DNSMOS are for `synthesis.bench`. The sound made for
the measurement never leaves, so it carries no mark.

Shapes: T samples, D width of an embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthesis.card import shape, words
from synthesis.engine import BINS, UNSURE, Engine, Take, TooLittleSpeech, VoiceState
from synthesis.hearing import CENTRES_HZ, Traits, traits_of

Floats = NDArray[np.float32]
FORMAT = "consonant.voice-card/1"
_KEPT_APART, _MOST_APART = 10, 6
_ENROLMENT_S = 60.0  # of training takes that stand for the person


@dataclass(frozen=True)
class Card:
    """What was measured; shares are 0 to 1, similarities cosines.

    Args:
        minutes, takes: speech that was trained on. takes_apart: takes it was measured with.
        similarity: between the person's kept takes and the same texts in the voice.
        own_similarity: between those takes and the person's training takes: what one person has with themself.
        same_speaker_at: from where on the engine counts two recordings as one person.
        margin: similarity less that of the nearest other voice; None when there is no other to compare with.
        distortion_db: spectral distance to the kept takes.
        word_errors, base_word_errors: of the fixed sentences, in the voice and in the base voice; None where nobody
            can listen (other languages, voices without words).
        owner, voice: pitch and long-term spectrum of both; None where too little was voiced.
        advice: what would help, in words, the most useful first.
    """

    minutes: float
    takes: int
    takes_apart: int
    similarity: float
    own_similarity: float
    same_speaker_at: float
    margin: float | None = None
    distortion_db: float | None = None
    word_errors: float | None = None
    base_word_errors: float | None = None
    owner: Traits | None = None
    voice: Traits | None = None
    advice: tuple[str, ...] = ()

    @property
    def pitch_octaves(self) -> float | None:
        """How far the median pitch of the voice is from the person's."""
        if self.owner is None or self.voice is None:
            return None
        return abs(float(np.log2(self.owner.f0_hz / self.voice.f0_hz)))

    @property
    def verdict(self) -> str:
        """"ready", or "draft" for a voice that lies below a bar."""
        return "draft" if self.shortcomings else "ready"

    @property
    def shortcomings(self) -> tuple[str, ...]:
        """What lies below its bar; see `bars`."""
        from synthesis.card import bars  # it reads cards

        return bars.shortcomings(self)

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "format": FORMAT, **asdict(self), "verdict": self.verdict, "shortcomings": list(self.shortcomings),
            "bands_hz": CENTRES_HZ.round(1).tolist(), "advice": list(self.advice),
        }  # fmt: skip

    def summary(self) -> str:
        """The card in a few lines."""
        own = f"the person with themself {self.own_similarity:.2f}, one person from {self.same_speaker_at:.2f}"
        lines = [f"{self.minutes:.1f} min of {self.takes} takes, measured on {self.takes_apart} others: {self.verdict}",
                 f"similarity {self.similarity:.2f}; {own}"]  # fmt: skip
        if self.margin is not None:
            lines.append(f"margin to the nearest other voice {self.margin:.2f}")
        if self.word_errors is not None:
            lines.append(f"words misheard {self.word_errors:.0%}, of the base voice {self.base_word_errors or 0:.0%}")
        if self.owner and self.voice:
            lines.append(f"pitch {self.owner.f0_hz:.0f} Hz, in the voice {self.voice.f0_hz:.0f} Hz")
        lines += [f"below the bar: {one}" for one in self.shortcomings]
        return "\n".join([*lines, *(f"- {piece}" for piece in self.advice)])


def parted(takes: Sequence[Take]) -> tuple[list[Take], list[Take]]:
    """Takes to train on and takes to measure with: one in ten, six at most; a single take serves for both."""
    step = max(_KEPT_APART, len(takes) // _MOST_APART)
    apart = list(takes[step - 1 :: step]) or list(takes[-1:])
    train = [take for take in takes if take not in apart]
    return train or list(takes), apart


def joined(takes: Sequence[Take], most_s: float = 1e9) -> tuple[Floats, int]:
    """Takes of one rate one after the other, up to `most_s`."""
    rate_hz = takes[0].rate_hz
    whole = np.concatenate([take.samples for take in takes if take.rate_hz == rate_hz])
    return whole[: round(min(most_s, 1e6) * rate_hz)], rate_hz


def measure(
    engine: Engine, voice: VoiceState, train: Sequence[Take], apart: Sequence[Take], others: Sequence[Floats] = ()
) -> Card:
    """Speak the texts that were kept apart, compare with the person, and listen to the fixed sentences.

    Args:
        others: embeddings (D,) of voices that this one must not be taken for; the base voice is always among them.

    Raises:
        TooLittleSpeech: there is hardly any voice in the takes.
    """
    real, rate_hz = joined(apart)
    rendered = [_said(engine, voice, take.text, take.language) for take in apart]
    made = np.concatenate(rendered)
    person, clone = engine.embedding(real, rate_hz), engine.embedding(made, engine.rate_hz)
    enrolled = engine.embedding(*joined(train, _ENROLMENT_S))
    similarity = float(person @ clone)
    beside = [float(clone @ other) for other in (*others, *_base(engine, apart))]
    understood = _understood(engine, voice, apart[0].language)
    pairs = list(zip([take.samples for take in apart], rendered, strict=True))
    distortion = shape.distortion_db(pairs, (rate_hz, engine.rate_hz))
    card = Card(
        minutes=round(sum(len(take.samples) / take.rate_hz for take in train) / 60, 2),
        takes=len(train), takes_apart=len(apart), similarity=round(similarity, 3),
        own_similarity=round(float(person @ enrolled), 3), same_speaker_at=engine.same_speaker_at,
        margin=round(similarity - max(beside), 3) if beside else None,
        distortion_db=None if distortion is None else round(distortion, 2),
        word_errors=understood[0], base_word_errors=understood[1],
        owner=traits_of(real, rate_hz), voice=traits_of(made, engine.rate_hz),
    )  # fmt: skip
    return replace(card, advice=_advice(card, train))


def _base(engine: Engine, apart: Sequence[Take]) -> list[Floats]:
    """The base voice is nobody's clone; a voice that sounds like it has learned nothing."""
    if not engine.has_words:
        return []  # a humming voice only differs in pitch and colour
    try:
        said = _said(engine, engine.base_voice(), apart[0].text, apart[0].language)
        return [engine.embedding(said, engine.rate_hz)]
    except TooLittleSpeech:
        return []


def _understood(engine: Engine, voice: VoiceState, language: str) -> tuple[float | None, float | None]:
    """Word errors of the voice and of the base voice."""
    if not engine.has_words or not language.startswith("en"):
        return None, None
    rates = [
        words.word_errors(lambda text, one=one: (_said(engine, one, text, language), engine.rate_hz))  # type: ignore[misc]  # mypy cannot infer a default
        for one in (voice, engine.base_voice())
    ]
    return round(rates[0], 3), round(rates[1], 3)


def _said(engine: Engine, voice: VoiceState, text: str, language: str) -> Floats:
    return engine.render(engine.prepare(text, language=language), voice, gain=_unmarked)


def _unmarked(first_frame: int, frames: int) -> Floats:
    return np.ones((frames, BINS), np.float32)


def _advice(card: Card, train: Sequence[Take]) -> tuple[str, ...]:
    found: list[str] = []
    if card.minutes < 3:
        found.append("record more: three minutes make a clear difference, ten make a good voice")
    loudest = [float(np.abs(take.samples).max()) for take in train]
    if np.mean([peak > 0.99 for peak in loudest]) > 0.1:
        found.append("several takes are clipped: record at a lower level")
    if np.median(loudest) < 0.05:
        found.append("the takes are very quiet: move closer or raise the level")
    if card.own_similarity < card.same_speaker_at - UNSURE:
        found.append("the takes differ among themselves: use one room, one distance and one person")
    if not any(any(letter.isdigit() for letter in take.text) for take in train):
        found.append("record 10 more prompts with numbers")
    if not any("?" in take.text for take in train):
        found.append("record some questions, so that their melody is learned")
    if card.pitch_octaves is not None and card.pitch_octaves > 0.15:
        found.append("the pitch is off: check that all takes are of one person in one mood")
    if card.word_errors is not None and card.word_errors > (card.base_word_errors or 0) + 0.05:
        found.append("it is hard to understand: check that every take says exactly its text")
    return tuple(found)
