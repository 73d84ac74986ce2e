"""What minutes of speech buy: adapters of one unseen person from half a minute to all there is, side by side.

    ./run bench voice --only minutes [--minutes 0.5 3 10] [--person flemishguy]

Half a minute and more of the person's recordings is kept from every training. Likeness is Resemblyzer's over the texts
of these as the voice says them, joined, against the recordings; what the voice says in English stands beside it, which
for a Dutch speaker is another thing. Word errors are of the English. Zero-shot stands at 0 minutes. It takes minutes of
processor time for every row, so what was trained is kept and trained again only when the weights have changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from synthesis.bench.run import Bench, Spoken
from synthesis.bench.systems import Prompt, engine, recordings
from synthesis.engine import Floats, Take, load_engine
from synthesis.training.corpora import Recording

MINUTES = (0.5, 1.0, 3.0, 10.0, 25.0)
HELD_S = 40.0  # of recordings that no adapter hears
LANGUAGES = {"flemishguy": "nl"}
ENGLISH = (
    "Your parcel is on its way and will be with you between nine and eleven o'clock.",
    "Please hold the line, and somebody will be with you in a moment.",
    "She asked whether the early train would stop at the old bridge on Sunday.",
    "Nobody knew why the garden gate had been left open again last night.",
    "The weather will be fine in the morning, with some rain in the afternoon.",
    "We have sent a small box of yellow flowers to your mother.",
    "Press two if you wish to change the address on your account.",
    "He had been reading by the window since the sun came up.",
)


def report(bench: Bench, weights: Path, heard: Sequence[Recording], person: str, minutes: Sequence[float]) -> str:
    """Train what is missing, speak, judge; a table in Markdown and `minutes.png`."""
    held, rest = parted([one for one in heard if one.speaker == person])
    language = LANGUAGES.get(person, "en")
    made = load_engine("neural", weights)
    apart = bench.speak(recordings(), [Prompt(f"held-{one.name}", one.text, one.path) for one in held])
    prompts = [Prompt(f"{person}-{number}", text, held[0].path) for number, text in enumerate(ENGLISH)]
    same = [Prompt(f"{person}-same-{one.name}", one.text, one.path) for one in held]
    rows: list[Row] = []
    for wanted in (0.0, *minutes):
        takes = _takes(rest, wanted)
        began = time.process_time()
        if wanted:
            file = bench.folder / "adapters" / f"{person}-{wanted:g}-{made.base_sha256[:12]}.safetensors"
            voice = made.load_voice(_kept(file, lambda chosen=takes: made.adapt(chosen)))  # type: ignore[misc]  # mypy cannot infer a default
        else:
            preview = _takes(rest, 0.4)
            voice = made.voice_vector(_whole(preview), preview[0].rate_hz)
        spent = time.process_time() - began
        name = f"{person} {wanted:g}"
        own = bench.speak(engine(name, made, voice, language=language), same)
        rows.append(Row(wanted, own, bench.speak(engine(name, made, voice), prompts), spent))
    for row in rows:
        bench.listen(row.english, prompts, ENGLISH)
    bench.likeness([spoken for row in rows for spoken in (row.own, row.english)], apart)
    return _table(person, rows, bench.folder)


@dataclass(frozen=True)
class Row:
    """A voice of so many minutes: the kept texts and the English sentences as it says them, and what it cost."""

    minutes: float
    own: Spoken
    english: Spoken
    spent_s: float


def parted(own: Sequence[Recording]) -> tuple[list[Recording], list[Recording]]:
    """Recordings to compare with, spread over all of them, until there are HELD_S; and the rest."""
    seconds = [soundfile.info(one.path).duration for one in own]
    step = max(2, int(sum(seconds) / HELD_S))
    held: list[Recording] = []
    for one in own[::step]:
        if sum(soundfile.info(kept.path).duration for kept in held) < HELD_S:
            held.append(one)
    return held, [one for one in own if one not in held]


def _takes(own: Sequence[Recording], minutes: float) -> list[Take]:
    """Takes from the beginning, until there are so many minutes of them."""
    found: list[Take] = []
    seconds = 0.0
    for one in own:
        if seconds >= 60 * minutes:
            break
        samples, rate_hz = soundfile.read(one.path, dtype="float32", always_2d=True)
        found.append(Take(samples.mean(1), int(rate_hz), one.text, LANGUAGES.get(one.speaker, "en")))
        seconds += len(samples) / rate_hz
    return found


def _whole(takes: Sequence[Take]) -> Floats:
    return np.concatenate([take.samples for take in takes])


def _kept(file: Path, train: Callable[[], bytes]) -> bytes:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(train())
    return file.read_bytes()


def _table(person: str, rows: Sequence[Row], folder: Path) -> str:
    lines = [
        f"| minutes of {person} | similarity | of its English | WER closed | WER open | training, CPU s |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        closed, opened = (
            sum(w for w, _ in c) / sum(n for _, n in c) for c in (row.english.closed, row.english.opened)
        )
        label = "0 (zero-shot)" if not row.minutes else f"{row.minutes:g}"
        lines.append(
            f"| {label} | {row.own.similarity:.3f} | {row.english.similarity:.3f} | {closed:.3f} | {opened:.3f} "
            f"| {row.spent_s:.0f} |"
        )
    (folder / f"minutes-{person}.json").write_text(json.dumps([(row.minutes, row.own.similarity) for row in rows]))
    _plot(rows).save(folder / f"minutes-{person}.png")
    return "\n".join(lines)


def _plot(rows: Sequence[Row]) -> Image.Image:
    """Similarity over minutes, both as they are read: minutes in steps, 0.5 to 1 upwards."""
    image = Image.new("RGB", (480, 300), "white")
    pen = ImageDraw.Draw(image)
    points = []
    for number, row in enumerate(rows):
        at = (50 + number * 400 / max(len(rows) - 1, 1), 260 - (row.own.similarity - 0.5) * 480)
        points.append(at)
        pen.text((at[0] - 8, 268), f"{row.minutes:g}", fill="black")
        pen.text((at[0] - 10, at[1] - 18), f"{row.own.similarity:.2f}", fill="black")
    pen.line(points, fill=(35, 83, 160), width=2)
    pen.text((180, 284), "minutes of speech", fill="black")
    return image
