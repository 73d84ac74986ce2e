"""Real speech for the bench: a folder of sets, each with `audio/` and, where known, `speakers.csv`.

Sets with lossy originals (`.opus`) are left out. Clips of people with short utterances are several
utterances of one person joined, all at one level.

Shapes: T samples.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

LEVEL = 0.07  # about -23 dBFS

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """Speech of one person: samples (T,) at `rate_hz`; group is the set's name, sex "F", "M" or "?"."""

    samples: Floats
    rate_hz: int
    speaker: str
    sex: str
    group: str


def levelled(samples: Floats) -> Floats:
    """The clip at the bench's level."""
    return (samples * (LEVEL / (float(np.sqrt((samples**2).mean())) + 1e-9))).astype(np.float32)


def _speakers(folder: Path) -> dict[str, str]:
    table = folder / "speakers.csv"
    if not table.exists():
        return {}
    rows = csv.reader(table.read_text().splitlines(), delimiter="|")
    return {row[0]: row[1][:1].upper() for row in rows if len(row) > 1 and row[1][:1].upper() in "FM"}


def _speaker_of(stem: str, known: dict[str, str], group: str) -> str:
    """The longest speaker name the file begins with; a set of one person needs none."""
    names = [name for name in known if stem.startswith(name)]
    if names:
        return max(names, key=len)
    return next(iter(known)) if len(known) == 1 else f"{group}:{stem.split('-')[0].split('_')[0]}"


def people(folder: Path) -> dict[tuple[str, str, str], list[Path]]:
    """Files by (group, speaker, sex)."""
    found: dict[tuple[str, str, str], list[Path]] = defaultdict(list)
    for group in sorted(path for path in folder.iterdir() if (path / "audio").is_dir()):
        known = _speakers(group)
        for file in sorted((group / "audio").glob("*.flac")):
            speaker = _speaker_of(file.stem, known, group.name)
            found[group.name, speaker, known.get(speaker, "?")].append(file)
    return dict(found)


def clips(folder: Path, *, seconds: float, count: int, seed: int = 0) -> Iterator[Clip]:
    """`count` clips of at least `seconds`, going round the groups; nobody comes again before everybody has come."""
    rng = np.random.default_rng(seed)
    everyone = list(people(folder).items())
    by_turn: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, ((group, _, sex), _) in enumerate(everyone):
        by_turn[group, sex].append(index)
    turns = [[int(index) for index in rng.permutation(members)] for members in by_turn.values()]
    again: list[int] = []
    made = 0
    while made < count and (any(turns) or again):
        round_ = [queue.pop(0) for queue in turns if queue] or [again.pop(0)]
        for index in round_[: count - made]:
            (group, speaker, sex), files = everyone[index]
            clip = _joined(files, seconds, rng)
            if clip is not None:
                made += 1
                yield Clip(clip[0], clip[1], speaker, sex, group)
                if len(files) > 20:
                    again.append(index)  # somebody with an hour of speech


def _joined(files: list[Path], seconds: float, rng: np.random.Generator) -> tuple[Floats, int] | None:
    parts: list[Floats] = []
    rate = 0
    for index in rng.permutation(len(files)):
        samples, this_rate = soundfile.read(files[index], dtype="float32")
        if rate in (0, this_rate) and samples.ndim == 1:
            rate = int(this_rate)
            parts.append(levelled(samples))
        if rate and sum(map(len, parts)) >= seconds * rate:
            whole = np.concatenate(parts)
            first = int(rng.integers(len(whole) - int(seconds * rate) + 1))
            return whole[first : first + int(seconds * rate)], rate
    return None
