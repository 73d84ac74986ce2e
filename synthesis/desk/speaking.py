"""Speak a text, or the lines of a file, into marked WAV files."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from audio import wav
from audio.clip import Clip
from problems.errors import DomainError, Invalid
from synthesis.desk.marks import Marker
from synthesis.engine import Engine, VoiceState
from synthesis.tts.text.script import Utterances

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")


class LinesRefused(Invalid):
    """A file of lines that cannot be spoken as it is."""

    code = "desk-lines-refused"
    title = "The file of lines cannot be spoken"
    meaning = "Each line is `id|text`; ids are file names and stand only once. The answer names the line."


@dataclass(frozen=True)
class Settings:
    """How everything in one call is said."""

    seed: int = 0
    rate: float = 1.0
    pitch: float = 1.0
    energy: float = 1.0
    language: str = "en"
    ssml: bool = False


@dataclass(frozen=True)
class Line:
    """One sound to write: its file's name without ending, and what is said."""

    name: str
    said: Utterances


def speak(engine: Engine, voice: VoiceState, marker: Marker, said: Utterances, to: Path, how: Settings) -> float:
    """Render, mark and write one WAV; returns its seconds.

    The file appears whole or not at all: it is written beside its place and moved there.
    """
    record, gain = marker.new()
    sound = engine.render(said, voice, gain=gain, seed=how.seed, rate=how.rate, pitch=how.pitch, energy=how.energy)
    part = to.with_name(f".{to.name}.part")
    part.write_bytes(wav.write(Clip(sound, engine.rate_hz)))
    marker.note(record, to, said.text)
    part.replace(to)
    return len(sound) / engine.rate_hz


def read_lines(file: Path, engine: Engine, how: Settings) -> list[Line]:
    """The lines of a file, all read and checked before anything is spoken.

    Raises:
        LinesRefused: a line that is not `id|text`, an id that is no file name or stands twice, a text with
            nothing to say; the message begins with the line's number.
    """
    lines: list[Line] = []
    names: set[str] = set()
    with file.open(encoding="utf-8-sig", newline="") as rows:
        for number, row in enumerate(csv.reader(rows, delimiter="|", quoting=csv.QUOTE_NONE), 1):
            if row:
                lines.append(_line(number, row, names, engine, how))
    if not lines:
        raise LinesRefused(f"{file.name} holds no lines")
    return lines


def _line(number: int, row: list[str], names: set[str], engine: Engine, how: Settings) -> Line:
    if len(row) < 2 or not _ID.fullmatch(row[0]):
        raise LinesRefused(f"line {number}: not id|text with an id of letters, figures, dot, dash", line=number)
    if row[0] in names:
        raise LinesRefused(f"line {number}: the id {row[0]} stands twice", line=number)
    names.add(row[0])
    try:
        return Line(row[0], engine.prepare(row[1], language=how.language, ssml=how.ssml))
    except DomainError as fault:
        raise LinesRefused(f"line {number}: {fault.detail}", line=number, reason=fault.code) from fault


def speak_lines(
    engine: Engine, voice: VoiceState, marker: Marker, lines: Iterable[Line], folder: Path, how: Settings,
    progress: Callable[[float], None],
) -> float:
    """Write `folder/id.wav` for every line; returns the seconds of all."""
    folder.mkdir(parents=True, exist_ok=True)
    every = list(lines)
    seconds = 0.0
    for number, line in enumerate(every, 1):
        seconds += speak(engine, voice, marker, line.said, folder / f"{line.name}.wav", how)
        progress(number / len(every))
    return seconds
