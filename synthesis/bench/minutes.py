"""What minutes of speech buy: adapters of unseen people from half a minute to all there is, side by side.

    ./run bench voice --only minutes [--minutes 0.5 3 10] [--person flemishguy lj lj-low so9600]

Half a minute and more of a person's recordings is kept from every training. Likeness is Resemblyzer's over the texts
of these as the voice says them, joined, against the recordings; margin is how much less like the nearest other person
it is; what the voice says in English stands beside it, which for a Dutch speaker is another thing. Word errors are of
the English and, open, of the kept texts, which the person's own recordings are heard on too: learners of English are
not understood by the recogniser either. Zero-shot stands at 0 minutes. A person that is called `lj-low` or `lj-high`
is WORLD's: lj with another throat (`pseudo.THROATS`). It takes minutes of processor time for every row, so what was
trained is kept and trained again only when the weights or the training have changed (`unseen.py`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from synthesis.bench.run import Bench, Spoken
from synthesis.bench.systems import Prompt, engine
from synthesis.bench.unseen import LANGUAGES, Person, minutes_of, person_of, voice_of
from synthesis.engine import Engine, load_engine
from synthesis.training.corpora import Recording

PEOPLE = ("flemishguy", "lj", "lj-low", "lj-high", "so9600", "so9609", "so9614", "so8002")
MINUTES = (0.5, 1.0, 2.0, 3.0, 10.0, 25.0)
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


@dataclass(frozen=True)
class Row:
    """A voice of so many minutes: the kept texts and the English sentences as it says them, and what it cost."""

    person: str
    minutes: float
    own: Spoken
    english: Spoken
    spent_s: float


def report(
    bench: Bench, weights: Path, heard: Sequence[Recording], people: Sequence[str], minutes: Sequence[float]
) -> str:
    """Train what is missing, speak, judge; tables in Markdown and a picture for each person."""
    made = load_engine("neural", weights)
    kept = [person_of(bench, name, heard) for name in people]
    rows = [row for person in kept for row in _rows(bench, made, person, minutes)]
    for person in kept:
        bench.listen(person.apart, person.prompts("held"), ENGLISH)
    spoken = [sounds for row in rows for sounds in (row.own, row.english)]
    alike = {person.name: bench.likeness_to(spoken, person.apart) for person in kept}
    return "\n\n".join(_table(person, rows, alike, bench.folder) for person in kept)


def _rows(bench: Bench, made: Engine, person: Person, minutes: Sequence[float]) -> Iterator[Row]:
    """Voices of the minutes there are; what is asked for beyond is all there is, once."""
    language, whole = LANGUAGES.get(person.name, "en"), minutes_of(person.rest)
    english = [Prompt(f"{person.name}-{number}", text, person.held[0].path) for number, text in enumerate(ENGLISH)]
    for wanted in (0.0, *(some for some in minutes if some < 1.3 * whole)):
        began = time.process_time()
        voice = voice_of(bench, made, person, wanted)
        spent = time.process_time() - began
        name = f"{person.name} {wanted:g}"
        own = bench.speak(engine(name, made, voice, language=language), person.prompts(f"{person.name}-same"))
        bench.listen(own, person.prompts("same"), ENGLISH)
        said = bench.speak(engine(f"{name} in English", made, voice), english)
        bench.listen(said, english, ENGLISH)
        yield Row(person.name, wanted, own, said, spent)


def _table(person: Person, every: Sequence[Row], alike: dict[str, dict[str, float]], folder: Path) -> str:
    """One person's voices; `alike` tells by person how like them each sound is."""
    rows = [row for row in every if row.person == person.name]
    others = [name for name in alike if name.split("-")[0] != person.name.split("-")[0]]
    lines = [
        f"| {person.name}, minutes | likeness | margin | of its English | WER closed | open | kept texts | CPU s |",
        "|---|---|---|---|---|---|---|---|",
        f"| recordings | | | | | | {_errors(person.apart.opened):.3f} | |",
    ]
    own = [alike[person.name][row.own.name] for row in rows]
    for row, likeness in zip(rows, own, strict=True):
        nearest = max((alike[name][row.own.name] for name in others), default=float("nan"))
        label = "0 (zero-shot)" if not row.minutes else f"{row.minutes:g}"
        lines.append(
            f"| {label} | {likeness:.3f} | {likeness - nearest:.2f} | {alike[person.name][row.english.name]:.3f} "
            f"| {_errors(row.english.closed):.3f} | {_errors(row.english.opened):.3f} | {_errors(row.own.opened):.3f} "
            f"| {row.spent_s:.0f} |"
        )
    points = [(row.minutes, likeness) for row, likeness in zip(rows, own, strict=True)]
    (folder / f"minutes-{person.name}.json").write_text(json.dumps(points))
    _plot(points).save(folder / f"minutes-{person.name}.png")
    return "\n".join(lines)


def _errors(counted: Sequence[tuple[int, int]]) -> float:
    return sum(wrong for wrong, _ in counted) / sum(words for _, words in counted)


def _plot(rows: Sequence[tuple[float, float]]) -> Image.Image:
    """Similarity over minutes, both as they are read: minutes in steps, 0.5 to 1 upwards."""
    image = Image.new("RGB", (480, 300), "white")
    pen = ImageDraw.Draw(image)
    points = []
    for number, (minutes, likeness) in enumerate(rows):
        at = (50 + number * 400 / max(len(rows) - 1, 1), 260 - (likeness - 0.5) * 480)
        points.append(at)
        pen.text((at[0] - 8, 268), f"{minutes:g}", fill="black")
        pen.text((at[0] - 10, at[1] - 18), f"{likeness:.2f}", fill="black")
    pen.line(points, fill=(35, 83, 160), width=2)
    pen.text((180, 284), "minutes of speech", fill="black")
    return image
