"""How well the phrase check hears: miss and false-accept rates on recordings of real people.

    python -m consent.bench [--speech FOLDER] [--seed N] [--only native|accented|issued] [--part K/N]

`--part` makes every Nth trial alone, so that N processes share the work; their counts are added up.

Two kinds of trial, reported apart. *Read sentences*: whole recordings against their own text and against
other texts of like length. *Phrases as issued*: challenges drawn by ``consent.phrases``, their sound put
together from single aligned words of real recordings (so each word is a real person's, the flow is not),
against themselves, against other challenges, and against the same one with half of its words exchanged.

Miss: the phrase was said and the check says "not said". False accept: it was not and the check says
"said". "Cannot tell" is counted beside them, never inside. Intervals are Clopper-Pearson, 95 %.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.stats import beta

from audio.clip import Clip
from consent.phrase_check import RATE_HZ, Listener, check, words_of
from consent.phrases import slots_of
from consent.wordbank import WordBank

NATIVE = ("kathleen", "librispeech-read", "vctk-sample", "ljspeech-sample", "english-misc")
ACCENTED = ("speechocean762",)
VOICE = "kathleen"  # the one reader with enough different words to put phrases together
WORDS_MIN, WORDS_MAX = 5, 30


@dataclass(frozen=True)
class Reading:
    """A recording and what was read."""

    path: Path
    words: tuple[str, ...]

    def clip(self) -> Clip:
        """The sound."""
        samples, rate_hz = soundfile.read(self.path, dtype="float32", always_2d=True)
        return Clip.of(samples.T.mean(axis=0), rate_hz)


@dataclass
class Tally:
    """Verdicts of one kind of trial."""

    title: str
    bad: str  # the verdict that counts as the error
    verdicts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        trials, errors = self.verdicts.total(), self.verdicts[self.bad]
        low, high = interval(errors, trials)
        unsure = self.verdicts["cannot_tell"] / max(1, trials)
        return (
            f"{self.title:<52} {errors:>4} of {trials:<5} = {errors / max(1, trials):6.2%} "
            f"[{low:.2%}, {high:.2%}]   cannot tell {unsure:.1%}"
        )


def interval(errors: int, trials: int) -> tuple[float, float]:
    """Clopper-Pearson, 95 %; with 0 errors the upper end is about 3/trials."""
    low = float(beta.ppf(0.025, errors, trials - errors + 1)) if errors else 0.0
    high = float(beta.ppf(0.975, errors + 1, trials - errors)) if errors < trials else 1.0
    return low, high


def readings(folder: Path) -> list[Reading]:
    """The recordings of one set whose text has a length like that of a challenge."""
    files = {path.stem: path for path in (folder / "audio").rglob("*") if path.is_file()}
    with (folder / "metadata.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines, delimiter="|", quoting=csv.QUOTE_NONE) if row[0] in files]
    found = [Reading(files[name], tuple(words_of(text))) for name, text, *_ in rows]
    return [reading for reading in found if WORDS_MIN <= len(reading.words) <= WORDS_MAX]


def read_sentences(title: str, sets: list[Reading], others: int, listener: Listener, rng: Random) -> Iterator[Tally]:
    """Every recording against its own text, and `others` times against texts of other recordings."""
    own, other = Tally(f"{title}, own text", "not_said"), Tally(f"{title}, another text", "said")
    for number, reading in enumerate(rng.sample(sets, len(sets))):
        clip = reading.clip()
        own.verdicts[check(clip, " ".join(reading.words), "en", lambda: listener).verdict] += 1
        for _ in range(others // len(sets) + (number < others % len(sets))):
            text = _another(reading, sets, rng)
            other.verdicts[check(clip, " ".join(text), "en", lambda: listener).verdict] += 1
        if number % 25 == 24:
            print(f"... {own}\n... {other}", file=sys.stderr, flush=True)
    yield own
    yield other


def _another(reading: Reading, sets: list[Reading], rng: Random) -> tuple[str, ...]:
    near = [one.words for one in sets if one.words != reading.words and abs(len(one.words) - len(reading.words)) <= 3]
    return rng.choice(near or [one.words for one in sets if one.words != reading.words])


def issued_phrases(bank: WordBank, own: int, others: int, listener: Listener, rng: Random) -> Iterator[Tally]:
    """Challenges out of the words that the bank holds, put together; what they are held against is not so limited."""
    full = slots_of("en")
    here = bank.narrowed(full.slots)
    if not all(here.values()):
        return
    said = Tally("phrases as issued, said", "not_said")
    other = Tally("phrases as issued, another challenge", "said")
    half = Tally("phrases as issued, half of the words exchanged", "said")
    for number in range(own):
        phrase = full.template.format(**{name: rng.choice(choices) for name, choices in here.items()})
        clip = Clip(_room(bank.say(words_of(phrase), rng), rng), RATE_HZ)
        said.verdicts[check(clip, phrase, "en", lambda: listener).verdict] += 1
        half.verdicts[
            check(clip, _half(phrase, full.draw(rng.randrange).text, rng), "en", lambda: listener).verdict
        ] += 1
        for _ in range(others // own + (number < others % own)):
            other.verdicts[check(clip, full.draw(rng.randrange).text, "en", lambda: listener).verdict] += 1
        if number % 25 == 24:
            print(f"... {said}\n... {other}\n... {half}", file=sys.stderr, flush=True)
    yield from (said, other, half)


def _half(phrase: str, other: str, rng: Random) -> str:
    ours, theirs = words_of(phrase), words_of(other)
    places = [at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b]
    taken = set(rng.sample(places, len(places) // 2))
    return " ".join(theirs[at] if at in taken else word for at, word in enumerate(ours))


def _room(samples: NDArray[np.float32], rng: Random) -> NDArray[np.float32]:
    # A faint floor of noise over word joints: digital silence between words is heard nowhere.
    noise = np.random.default_rng(rng.randrange(2**32)).standard_normal(samples.size).astype(np.float32)
    return samples + 0.0005 * noise


def _kinds(
    sets: dict[str, list[Reading]], part: int, parts: int, listener: Listener, rng: Random
) -> dict[str, Iterator[Tally]]:
    """The kinds of trial by name; nothing is heard before one is asked for."""

    def read(title: str, names: tuple[str, ...], most: int, others: int) -> Iterator[Tally]:
        found = [reading for name in names for reading in sets.get(name, [])]
        some = Random(0).sample(found, min(most, len(found)))[part - 1 :: parts]  # the same order in every part
        yield from read_sentences(f"read sentences, {title}", some, others // parts, listener, rng)

    def issued() -> Iterator[Tally]:
        wanted = {word for choices in slots_of("en").slots.values() for word in choices}
        useful = [reading for reading in sets.get(VOICE, []) if wanted & set(reading.words)]
        bank = WordBank(VOICE, ((reading.clip(), reading.words) for reading in useful))
        print(f"words of one voice: {bank.covered(slots_of('en').slots)}", flush=True)
        yield from issued_phrases(bank, 500 // parts, 2_000 // parts, listener, rng)

    return {
        "native": read("native", NATIVE, 1_200, 2_000),
        "accented": read("strong accent", ACCENTED, 400, 400),
        "issued": issued(),
    }


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m consent.bench", description="Measure the phrase check.")
    here = Path(__file__).resolve().parents[2]
    parser.add_argument("--speech", type=Path, default=here.parent / "shared" / "speech")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="1/1", help="K/N: the Kth of N equal parts of the trials")
    parser.add_argument("--only", choices=("native", "accented", "issued"), help="one kind of trial")
    given = parser.parse_args(arguments)
    part, parts = (int(number) for number in given.part.split("/"))
    rng, listener = Random(given.seed * 1_000 + part), Listener()
    sets = {name: readings(given.speech / name) for name in (*NATIVE, *ACCENTED) if (given.speech / name).is_dir()}
    if not sets:
        print(f"no recordings under {given.speech}", file=sys.stderr)
        return 1
    print(f"phrase check, seed {given.seed}, recordings: {', '.join(sets)}", flush=True)
    for kind, trials in _kinds(sets, part, parts, listener, rng).items():
        for tally in trials if given.only in (None, kind) else ():
            print(tally, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
