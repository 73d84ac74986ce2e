"""What is to be said: utterances of phonemes with pauses and a manner, the same for every engine.

Values only. `synthesis.tts.text.prepare` makes them from plain text or SSML.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Manner:
    """How a stretch is said, each relative to the voice's habit.

    Args:
        rate: 0.25 to 4; 2 is twice as fast.
        pitch: factor on the fundamental frequency, 0.5 to 2.
        volume_db: -40 to 12.
    """

    rate: float = 1.0
    pitch: float = 1.0
    volume_db: float = 0.0

    def over(self, outer: Manner) -> Manner:
        """This manner inside another one, held to the ranges above."""
        return Manner(
            rate=min(4.0, max(0.25, self.rate * outer.rate)),
            pitch=min(2.0, max(0.5, self.pitch * outer.pitch)),
            volume_db=min(12.0, max(-40.0, self.volume_db + outer.volume_db)),
        )


PLAIN = Manner()


@dataclass(frozen=True, slots=True)
class Utterance:
    """A sentence, or the part of one that has a manner of its own.

    Args:
        phonemes: espeak-style IPA with punctuation, such as "həlˈoʊ, wˈɜːld."; empty for a bare pause.
        text: the words as they are read, numbers spelled out; for captions and for checking by ear or machine.
        manner: see `Manner`.
        pause_s: silence after it, beyond what the last punctuation already brings.
    """

    phonemes: str
    text: str = ""
    manner: Manner = PLAIN
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Utterances:
    """A whole script, ready for an engine.

    Args:
        language: "en", "de", "nl" or "cmn".
        parts: in the order of speech; at least one holds a sound.
    """

    language: str
    parts: tuple[Utterance, ...] = field(default=())

    def __iter__(self) -> Iterator[Utterance]:
        return iter(self.parts)

    def __len__(self) -> int:
        return len(self.parts)

    @property
    def text(self) -> str:
        """What will be heard, as words."""
        return " ".join(part.text for part in self.parts if part.text)
