"""What a training leaves on its way, beside the voice file: what it goes on from, and samples to listen to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from synthesis.desk.marks import Marker
from synthesis.desk.speaking import Settings, speak
from synthesis.engine import Engine, Interim


@dataclass(frozen=True)
class Interims:
    """Called with each `Interim` of a training.

    Args:
        to: the voice file that is to be. `.NAME.half` beside it is what a training that was broken off goes on from;
            it goes once the voice is there. Samples are `STEM-25.wav` for a quarter of the way, and stay.
        marker: marks the samples; without one there are none.
        text: what they say.
    """

    engine: Engine
    to: Path
    marker: Marker | None
    text: str
    how: Settings

    def __call__(self, news: Interim) -> None:
        """Keep it, and say a sentence as the voice would now."""
        part = self._half.with_name(f"{self._half.name}.part")
        part.write_bytes(news.state)
        part.replace(self._half)
        if self.marker is not None:
            said = self.engine.prepare(self.text, language=self.how.language)
            file = self.to.with_name(f"{self.to.stem}-{100 * news.done:02.0f}.wav")
            speak(self.engine, self.engine.load_voice(news.stored), self.marker, said, file, self.how)

    @property
    def begun(self) -> bytes | None:
        """What a training of before left that was broken off."""
        return self._half.read_bytes() if self._half.exists() else None

    def end(self) -> None:
        """The voice is there: nothing is to be gone on with."""
        self._half.unlink(missing_ok=True)

    @property
    def _half(self) -> Path:
        return self.to.with_name(f".{self.to.name}.half")
