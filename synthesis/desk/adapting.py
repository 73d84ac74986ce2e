"""Train a voice from a folder of recordings, and say how good it became.

The folder holds `metadata.csv` (`id|text|seconds`, no header) and `audio/` with one sound per id. One take
in ten, six at most, is kept from training and used for the card.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import soundfile

from audio.clip import Clip
from problems.errors import Invalid
from synthesis.card import draw
from synthesis.card.measure import measure, parted
from synthesis.desk.interims import Interims
from synthesis.desk.marks import Marker
from synthesis.desk.permission import Permission
from synthesis.desk.speaking import Settings
from synthesis.engine import Engine, Take


class FolderRefused(Invalid):
    """A folder of recordings that cannot be read."""

    code = "desk-folder-refused"
    title = "The recordings cannot be read"
    meaning = "The folder holds metadata.csv with id|text|seconds and audio/ with a sound for every id."


def read_sound(file: Path) -> Clip:
    """A sound file as a mono clip.

    Raises:
        FolderRefused: not a sound that can be read.
    """
    try:
        samples, rate_hz = soundfile.read(file, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as fault:
        raise FolderRefused(f"{file} is no sound that can be read", file=file.name) from fault
    return Clip.of(samples.T, int(rate_hz)).mono()


def read_takes(folder: Path, language: str) -> list[Take]:
    """Every take that metadata.csv names and whose text is there.

    Raises:
        FolderRefused: no metadata, a row that is not id|text, a sound that is missing or unreadable, or no takes.
    """
    try:
        rows = (folder / "metadata.csv").read_text(encoding="utf-8-sig").splitlines()
    except OSError as fault:
        raise FolderRefused(f"no metadata.csv in {folder}") from fault
    takes: list[Take] = []
    for number, row in enumerate(csv.reader(rows, delimiter="|", quoting=csv.QUOTE_NONE), 1):
        if len(row) < 2:
            raise FolderRefused(f"metadata.csv line {number}: not id|text", line=number)
        if row[1].strip():
            clip = read_sound(_sound_of(folder / "audio", row[0], number))
            takes.append(Take(clip.samples, clip.rate_hz, row[1], language))
    if not takes:
        raise FolderRefused(f"{folder} holds no take with a text")
    return takes


def _sound_of(folder: Path, name: str, line: int) -> Path:
    for ending in (".wav", ".flac", ".opus", ".ogg", ".mp3"):
        if Path(name).name == name and (folder / (name + ending)).is_file():
            return folder / (name + ending)
    raise FolderRefused(f"metadata.csv line {line}: no sound {name} in {folder}", line=line)


def adapt(
    engine: Engine, folder: Path, to: Path, permission: Permission, how: Settings, marker: Marker | None,
    progress: Callable[[float], None],
) -> str:
    """Train, write the voice file and its card (JSON and PNG beside it); a report for people comes back.

    Args:
        how: of it, the seed and the language of the recordings.
        marker: for samples on the way, see `Interims`; None wants none.
    """
    takes = read_takes(folder, how.language)
    train, apart = parted(takes)
    interims = Interims(engine, to, marker, (apart or train)[0].text, how)
    learned = engine.adapt(train, seed=how.seed, progress=progress, begun=interims.begun, interim=interims)
    stored = engine.stamped(learned, permission.stamps)
    voice = engine.load_voice(stored, research=bool(permission.research))
    made = measure(engine, voice, train, apart)
    part = to.with_name(f".{to.name}.part")
    part.write_bytes(stored)
    part.replace(to)
    interims.end()
    to.with_suffix(".json").write_text(_json({**made.document(), "stamps": dict(permission.stamps)}), encoding="utf-8")
    to.with_suffix(".png").write_bytes(draw.picture(made))
    return f"{to}: {len(stored) / 1000:.0f} kB\n{made.summary()}"


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
