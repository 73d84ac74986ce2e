"""What minutes of speech buy: adapters of one unseen person from half a minute to all there is, side by side.

    ./run bench voice --only minutes [--minutes 0.5 3 10] [--person flemishguy]

Half a minute and more of the person's recordings is kept from every training. Likeness is Resemblyzer's over what is
said in the voice, joined, against those recordings; zero-shot stands at 0 minutes. Takes minutes of processor time
for every row, so what was trained is kept and trained again only when the weights have changed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from synthesis.bench.run import Bench, Spoken
from synthesis.bench.systems import Prompt, engine, recordings
from synthesis.engine import Floats, Take, load_engine
from synthesis.training.corpora import Recording

MINUTES = (0.5, 1.0, 3.0, 10.0, 25.0)
HELD = 14  # recordings that no adapter hears: they and as many sentences are compared
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
    own = [one for one in heard if one.speaker == person]
    step = max(len(own) // HELD, 1)
    held = own[::step][:HELD]
    rest = [one for one in own if one not in held]
    made = load_engine("neural", weights)
    apart = bench.speak(recordings(), [Prompt(f"held-{one.name}", one.text, one.path) for one in held])
    prompts = [Prompt(f"{person}-{number}", text, held[0].path) for number, text in enumerate(ENGLISH)]
    rows: list[tuple[float, Spoken, float]] = []
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
        rows.append((wanted, bench.speak(engine(f"{person} {wanted:g}", made, voice), prompts), spent))
    for _, spoken, _ in rows:
        bench.listen(spoken, prompts, ENGLISH)
    bench.likeness([one for _, one, _ in rows], apart)
    return _table(person, rows, bench.folder)


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


def _table(person: str, rows: Sequence[tuple[float, Spoken, float]], folder: Path) -> str:
    lines = [f"| minutes of {person} | similarity | WER closed | WER open | training, CPU s |", "|---|---|---|---|---|"]
    for minutes, spoken, spent in rows:
        closed, opened = (sum(w for w, _ in c) / sum(n for _, n in c) for c in (spoken.closed, spoken.opened))
        label = "0 (zero-shot)" if not minutes else f"{minutes:g}"
        lines.append(f"| {label} | {spoken.similarity:.3f} | {closed:.3f} | {opened:.3f} | {spent:.0f} |")
    (folder / f"minutes-{person}.json").write_text(json.dumps([(m, s.similarity) for m, s, _ in rows]))
    _plot(rows).save(folder / f"minutes-{person}.png")
    return "\n".join(lines)


def _plot(rows: Sequence[tuple[float, Spoken, float]]) -> Image.Image:
    """Similarity over minutes, both as they are read: minutes in steps, 0.5 to 1 upwards."""
    image = Image.new("RGB", (480, 300), "white")
    pen = ImageDraw.Draw(image)
    points = []
    for number, (minutes, spoken, _) in enumerate(rows):
        at = (50 + number * 400 / max(len(rows) - 1, 1), 260 - (spoken.similarity - 0.5) * 480)
        points.append(at)
        pen.text((at[0] - 8, 268), f"{minutes:g}", fill="black")
        pen.text((at[0] - 10, at[1] - 18), f"{spoken.similarity:.2f}", fill="black")
    pen.line(points, fill=(35, 83, 160), width=2)
    pen.text((180, 284), "minutes of speech", fill="black")
    return image
