"""The quality card of a trained voice: how near it is to its owner, and what would help.

Measured on takes that were kept from training, against the same texts in the new voice. Similarity is
the engine's own speaker embedding; other measures (word errors, DNSMOS, Resemblyzer) are part of
`synthesis.bench`. The sound made for the measurement never leaves, so it carries no mark.

Shapes: N bands of the long-term spectrum (40).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from synthesis.engine import BINS, Engine, Take, VoiceState
from synthesis.hearing import CENTRES_HZ, Traits, traits_of

Floats = NDArray[np.float32]
_WIDTH, _HEIGHT, _EDGE = 640, 360, 48
_TOP_DB, _RANGE_DB = 10, 60
_OWNER, _CLONE = (35, 83, 160), (200, 80, 30)


@dataclass(frozen=True)
class Card:
    """What was measured.

    Args:
        minutes: speech that was trained on.
        takes, takes_apart: how many, and how many of the rest it was measured with.
        similarity: cosine between the owner and the voice, joined takes.
        same_speaker_at: from where on the engine counts two sounds as one person.
        owner, voice: pitch and long-term spectrum of both; None where too little was voiced.
        advice: what would help, in words.
    """

    minutes: float
    takes: int
    takes_apart: int
    similarity: float
    same_speaker_at: float
    owner: Traits | None
    voice: Traits | None
    advice: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """"ready", or "draft" for a voice that is not near enough to its owner."""
        return "ready" if self.similarity >= self.same_speaker_at and self.voice is not None else "draft"

    def to_json(self, stamps: Mapping[str, str]) -> str:
        """The card as JSON with what the voice stands on."""
        values = {**asdict(self), "verdict": self.verdict, "stamps": dict(stamps), "bands_hz": CENTRES_HZ.tolist()}
        return json.dumps(values, indent=1, ensure_ascii=False) + "\n"

    def summary(self) -> str:
        """The card in a few lines."""
        lines = [f"{self.minutes:.1f} min of {self.takes} takes, measured on {self.takes_apart} others",
                 f"similarity {self.similarity:.2f} (one person from {self.same_speaker_at:.2f}): {self.verdict}"]
        if self.owner and self.voice:
            lines.append(f"pitch {self.owner.f0_hz:.0f} Hz, in the voice {self.voice.f0_hz:.0f} Hz")
        return "\n".join([*lines, *(f"- {piece}" for piece in self.advice)])


def measure(engine: Engine, voice: VoiceState, train: Sequence[Take], apart: Sequence[Take]) -> Card:
    """Speak the texts that were kept apart and compare with the person."""
    real = np.concatenate([take.samples for take in apart])
    rate_hz = apart[0].rate_hz
    made = np.concatenate([
        engine.render(engine.prepare(take.text, language=take.language), voice, gain=_unmarked) for take in apart
    ])  # fmt: skip
    similarity = float(engine.embedding(real, rate_hz) @ engine.embedding(made, engine.rate_hz))
    minutes = sum(len(take.samples) / take.rate_hz for take in train) / 60
    heard = Card(
        minutes=round(minutes, 2), takes=len(train), takes_apart=len(apart), similarity=round(similarity, 3),
        same_speaker_at=engine.same_speaker_at, owner=traits_of(real, rate_hz),
        voice=traits_of(made, engine.rate_hz), advice=(),
    )  # fmt: skip
    return Card(**{**vars(heard), "advice": _advice(heard, train)})


def _unmarked(first_frame: int, frames: int) -> Floats:
    return np.ones((frames, BINS), np.float32)


def _advice(card: Card, train: Sequence[Take]) -> tuple[str, ...]:
    """What would make the voice better, the most useful first."""
    found: list[str] = []
    if card.minutes < 3:
        found.append("record more: three minutes make a clear difference, ten make a good voice")
    loudest = [float(np.abs(take.samples).max()) for take in train]
    if np.mean([peak > 0.99 for peak in loudest]) > 0.1:
        found.append("several takes are clipped: record at a lower level")
    if np.median(loudest) < 0.05:
        found.append("the takes are very quiet: move closer or raise the level")
    if not any(any(letter.isdigit() for letter in take.text) for take in train):
        found.append("record some prompts with numbers")
    if not any("?" in take.text for take in train):
        found.append("record some questions, so that their melody is learned")
    if card.owner and card.voice and abs(np.log2(card.owner.f0_hz / card.voice.f0_hz)) > 0.15:
        found.append("the pitch is off: check that all takes are of one person in one mood")
    return tuple(found)


def picture(card: Card) -> bytes:
    """Long-term spectrum and pitch of owner and voice as a PNG."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    draw.text((_EDGE, 14), f"similarity {card.similarity:.2f}   {card.minutes:.1f} min   {card.verdict}", fill="black")
    draw.rectangle((_EDGE, 40, _WIDTH - 16, _HEIGHT - _EDGE), outline="gray")
    for row, (name, traits, colour) in enumerate((("owner", card.owner, _OWNER), ("voice", card.voice, _CLONE))):
        if traits is not None:
            draw.line(_curve(traits), fill=colour, width=2)
            pitch = f"{name}: pitch {traits.f0_hz:.0f} Hz, range {100 * traits.f0_spread:.0f} %"
            draw.text((_EDGE + 16, _HEIGHT - _EDGE - 46 + 16 * row), pitch, fill=colour)
    for hz in (100, 300, 1000, 3000, 7000):
        draw.text((_across(hz), _HEIGHT - _EDGE + 6), f"{hz} Hz", fill="black")
    draw.text((4, 40), f"{_TOP_DB:+} dB", fill="black")
    draw.text((4, _HEIGHT - _EDGE - 10), f"{_TOP_DB - _RANGE_DB} dB", fill="black")
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


def _across(hz: float) -> float:
    low, high = np.log(80), np.log(7600)
    return float(_EDGE + (np.log(hz) - low) / (high - low) * (_WIDTH - 16 - _EDGE))


def _curve(traits: Traits) -> list[tuple[float, float]]:
    tall = _HEIGHT - _EDGE - 40
    below = np.clip(_TOP_DB - np.asarray(traits.spectrum_db), 0, _RANGE_DB)
    return [(_across(hz), 40 + drop / _RANGE_DB * tall) for hz, drop in zip(CENTRES_HZ, below, strict=True)]
