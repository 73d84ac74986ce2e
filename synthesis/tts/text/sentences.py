"""Where one breath ends: normalised text into sentences short enough for a voice."""

from __future__ import annotations

import re

LONGEST = 240  # characters; the voice was trained on sentences well below this
_END = re.compile(r"(?<=[.!?])\s+")
_PARAGRAPH = re.compile(r"\n\s*\n")
PARAGRAPH_S = 0.45


def split(text: str) -> list[tuple[str, float]]:
    """Sentences in order, each with the silence after it beyond its own punctuation, in seconds."""
    found: list[tuple[str, float]] = []
    for paragraph in _PARAGRAPH.split(text):
        parts = [part for sentence in _END.split(" ".join(paragraph.split())) for part in _short(sentence) if part]
        found += [(part, 0.0) for part in parts[:-1]] + [(part, PARAGRAPH_S) for part in parts[-1:]]
    return [*found[:-1], (found[-1][0], 0.0)] if found else []


def _short(sentence: str) -> list[str]:
    """A sentence cut at commas, or between words where it has none, until each part is short enough."""
    parts: list[str] = []
    while len(sentence) > LONGEST:
        window = sentence[:LONGEST]
        cut = max(window.rfind(mark) + 1 for mark in ",;:")
        cut = cut if cut > LONGEST // 4 else window.rfind(" ") + 1 or LONGEST
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*parts, sentence]
