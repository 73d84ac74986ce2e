"""One run of the bench: speak, listen, judge, and put the numbers side by side."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from synthesis.bench import environment
from synthesis.bench.kept import Kept, digest
from synthesis.bench.listener import Listener, errors, words, write_closed_model
from synthesis.bench.systems import RATE_HZ, Prompt, System, levelled
from synthesis.desk.bar import Bar

BATCH = 60  # measurements between two writings of what is kept


@dataclass
class Spoken:
    """One system's sounds and what was measured of them."""

    name: str
    kind: str
    files: list[Path]
    closed: list[tuple[int, int]] = field(default_factory=list)  # (errors, words) per prompt
    opened: list[tuple[int, int]] = field(default_factory=list)
    dnsmos: dict[str, float] = field(default_factory=dict)
    scores: list[dict[str, float]] = field(default_factory=list)  # DNSMOS per prompt
    similarity: float = float("nan")
    distances: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where a run keeps its things.

    Args:
        folder: sounds, kept numbers, environment and report lie below it.
    """

    folder: Path

    @property
    def kept(self) -> Kept:
        """Numbers of earlier runs."""
        return Kept(self.folder / "kept.json")

    def speak(self, system: System, prompts: Sequence[Prompt]) -> Spoken:
        """Every prompt by one system, as 16 kHz files at one level."""
        home = self.folder / "sounds" / system.name.replace(" ", "-")
        home.mkdir(parents=True, exist_ok=True)
        bar, files = Bar(f"{system.name} speaks"), []
        for number, prompt in enumerate(prompts, 1):
            file = home / f"{prompt.name}.wav"
            if system.kind in ("ours", "part") or not file.exists():
                soundfile.write(file, levelled(*system.say(prompt)), RATE_HZ, subtype="PCM_16")
            files.append(file)
            bar(number / len(prompts))
        return Spoken(system.name, system.kind, files)

    def listen(self, spoken: Spoken, prompts: Sequence[Prompt], texts: Sequence[str]) -> None:
        """Word errors of every sound, with the model closed over `texts` and with the open one."""
        model = self.folder / "closed.arpa"
        sentences = [words(prompt.text) for prompt in prompts]
        write_closed_model([words(text) for text in texts], model)
        spoken.closed = self._heard(spoken, sentences, model)
        spoken.opened = self._heard(spoken, sentences, None)

    def _heard(self, spoken: Spoken, sentences: Sequence[list[str]], model: Path | None) -> list[tuple[int, int]]:
        kept, which = self.kept, digest(model) if model else "open"
        keys = [f"words/{which}/{digest(file)}" for file in spoken.files]
        if any(kept.get(key) is None for key in keys):
            listener, bar = Listener(model), Bar(f"listening to {spoken.name}")
            for number, (key, file) in enumerate(zip(keys, spoken.files, strict=True), 1):
                if kept.get(key) is None:
                    kept.put({key: listener.hear(soundfile.read(file, dtype="float32")[0])})
                bar(number / len(keys))
        return [(errors(said, kept.get(key)), len(said)) for said, key in zip(sentences, keys, strict=True)]

    def judge(self, every: Sequence[Spoken]) -> None:
        """DNSMOS of every sound of all systems."""
        clips = {f"dnsmos/{digest(file)}": str(file) for spoken in every for file in spoken.files}
        kept = self._measured(clips=clips)
        for spoken in every:
            spoken.scores = [kept.get(f"dnsmos/{digest(file)}") for file in spoken.files]
            spoken.dnsmos = {
                name: float(np.mean([score[name] for score in spoken.scores])) for name in spoken.scores[0]
            }

    def likeness(self, every: Sequence[Spoken], person: Spoken) -> None:
        """Similarity of all systems, joined, to other recordings of the person."""
        found = self.likeness_to(every, person)
        for spoken in every:
            spoken.similarity = found[spoken.name]

    def likeness_to(self, every: Sequence[Spoken], person: Spoken) -> dict[str, float]:
        """The same by name."""
        sets = {_joined(one.files): [str(file) for file in one.files] for one in (*every, person)}
        kept = self._measured(joined=sets)
        known = kept.get(_joined(person.files))
        return {spoken.name: float(np.dot(kept.get(_joined(spoken.files)), known)) for spoken in every}

    def distances(self, every: Sequence[Spoken], real: Spoken) -> None:
        """Mel-cepstral distortion and F0 error of all systems against the recordings of the same prompts."""
        couples = {
            f"shape/{digest(a)}/{digest(b)}": (str(a), str(b))
            for spoken in every if spoken is not real for a, b in zip(real.files, spoken.files, strict=True)
        }  # fmt: skip
        kept = self._measured(shapes=couples)
        for spoken in every:
            if spoken is not real:
                found = [kept.get(f"shape/{digest(a)}/{digest(b)}")
                         for a, b in zip(real.files, spoken.files, strict=True)]  # fmt: skip
                spoken.distances = {name: float(np.nanmean([one[name] for one in found])) for name in ("mcd", "f0_hz")}

    def copies(self, pairs: dict[str, tuple[Path, Path]]) -> dict[str, dict[str, float]]:
        """PESQ, STOI, distortion and likeness of copies to their originals."""
        couples = {f"pair/{digest(a)}/{digest(b)}": (str(a), str(b)) for a, b in pairs.values()}
        sides = {_joined([side]): [str(side)] for pair in pairs.values() for side in pair}
        kept = self._measured(pairs=couples, joined=sides)
        return {
            name: {**kept.get(f"pair/{digest(a)}/{digest(b)}"),
                   "similarity": float(np.dot(kept.get(_joined([a])), kept.get(_joined([b]))))}
            for name, (a, b) in pairs.items()
        }  # fmt: skip

    def _measured(self, **wanted: dict[str, Any]) -> Kept:
        """The kept numbers, with those that were not there yet; what is measured is kept batch by batch."""
        kept = self.kept
        missing = [(kind, key, value) for kind, some in wanted.items() for key, value in some.items()
                   if kept.get(key) is None]  # fmt: skip
        bar = Bar("judging")
        for first in range(0, len(missing), BATCH):
            request: dict[str, dict[str, Any]] = {"clips": {}, "joined": {}, "pairs": {}, "shapes": {}}
            for kind, key, value in missing[first : first + BATCH]:
                request[kind][key] = value
            kept.put(self._ask(request, partial(_told, bar, first, len(missing))))
        return kept

    def _ask(self, request: dict[str, Any], progress: Callable[[int], None]) -> dict[str, Any]:
        """Numbers from the measuring environment; `progress` is told how many are done."""
        asked, answered = self.folder / "request.json", self.folder / "answer.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        interpreter = environment.python(self.folder)
        _counted(
            [str(interpreter), str(Path(__file__).with_name("measures.py")), str(asked), str(answered)],
            progress,
        )  # fmt: skip
        answer = json.loads(answered.read_text(encoding="utf-8"))
        return {key: value for kind in answer.values() for key, value in kind.items()}


def _told(bar: Bar, before: int, total: int, done: int) -> None:
    bar((before + done) / total)


def _joined(files: Sequence[Path]) -> str:
    return "speaker/" + "+".join(sorted({digest(file) for file in files}))


def _counted(command: list[str], progress: Callable[[int], None]) -> None:
    """Run a command that writes a line per step."""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        done, other = 0, []
        for line in running.stderr or ():
            if line.startswith(("dnsmos ", "speaker ", "copy ", "shape ")):
                done += 1
                progress(done)
            else:
                other.append(line)
    if running.returncode:
        sys.stderr.write("".join(other[-20:]))
        raise subprocess.CalledProcessError(running.returncode, command)


def speed_of(name: str, weights: Path) -> dict[str, float]:
    """Speed of one engine, measured in a process of its own."""
    command = [sys.executable, "-m", "synthesis.bench.speed", name, str(weights)]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(made.stdout)
    return found
