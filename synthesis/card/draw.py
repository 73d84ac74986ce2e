"""The picture of a card: long-term spectrum and pitch, the person beside the voice."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from synthesis.card.measure import Card
from synthesis.hearing import CENTRES_HZ, Traits

_WIDTH, _HEIGHT, _EDGE = 640, 420, 48
_BOTTOM = 60  # the strip of pitch, two octaves around the person's median
_TOP_DB, _RANGE_DB = 10, 60
_OWNER, _CLONE = (35, 83, 160), (200, 80, 30)


def picture(card: Card) -> bytes:
    """Long-term spectrum and pitch of owner and voice as a PNG."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    words = "" if card.word_errors is None else f"   words misheard {card.word_errors:.0%}"
    title = f"similarity {card.similarity:.2f}{words}   {card.minutes:.1f} min   {card.verdict}"
    draw.text((_EDGE, 14), title, fill="black")
    draw.rectangle((_EDGE, 40, _WIDTH - 16, _HEIGHT - _EDGE - _BOTTOM), outline="gray")
    for row, (name, traits, colour) in enumerate((("owner", card.owner, _OWNER), ("voice", card.voice, _CLONE))):
        if traits is not None:
            draw.line(_curve(traits), fill=colour, width=2)
            pitch = f"{name}: pitch {traits.f0_hz:.0f} Hz, range {100 * traits.f0_spread:.0f} %"
            draw.text((_EDGE + 16, _HEIGHT - _EDGE - _BOTTOM - 46 + 16 * row), pitch, fill=colour)
    for hz in (100, 300, 1000, 3000, 7000):
        draw.text((_across(hz), _HEIGHT - _EDGE - _BOTTOM + 6), f"{hz} Hz", fill="black")
    draw.text((4, 40), f"{_TOP_DB:+} dB", fill="black")
    draw.text((4, _HEIGHT - _EDGE - _BOTTOM - 10), f"{_TOP_DB - _RANGE_DB} dB", fill="black")
    _pitches(draw, card)
    stored = io.BytesIO()
    image.save(stored, "PNG")
    return stored.getvalue()


def _across(hz: float) -> float:
    low, high = np.log(80), np.log(7600)
    return float(_EDGE + (np.log(hz) - low) / (high - low) * (_WIDTH - 16 - _EDGE))


def _curve(traits: Traits) -> list[tuple[float, float]]:
    tall = _HEIGHT - _EDGE - _BOTTOM - 40
    below = np.clip(_TOP_DB - np.asarray(traits.spectrum_db), 0, _RANGE_DB)
    return [(_across(hz), 40 + drop / _RANGE_DB * tall) for hz, drop in zip(CENTRES_HZ, below, strict=True)]


def _pitches(draw: ImageDraw.ImageDraw, card: Card) -> None:
    """Median and usual range of both pitches on one axis of octaves."""
    if card.owner is None:
        return
    middle, wide = _EDGE + (_WIDTH - 16 - _EDGE) / 2, (_WIDTH - 16 - _EDGE) / 2
    for row, (traits, colour) in enumerate(((card.owner, _OWNER), (card.voice, _CLONE))):
        if traits is None:
            continue
        at = middle + float(np.log2(traits.f0_hz / card.owner.f0_hz)) * wide
        reach, tall = traits.f0_spread / float(np.log(2)) * wide, _HEIGHT - 50 + 20 * row
        draw.line((at - reach, tall, at + reach, tall), fill=colour, width=6)
        draw.line((at, tall - 8, at, tall + 8), fill=colour, width=2)
    draw.text((4, _HEIGHT - 46), "F0", fill="black")
