"""What becomes of a recording that is said again in another voice: its words, who speaks, and the melody.

    ./run bench voice --only conversions --person flemishguy lj so9600 --minutes 1

The base speaker's held-out recordings are converted into voices of people nobody trained on. Beside each stands the
same voice that reads the same texts: what it is less like the person, or worse understood, the recording has brought.
Likeness is Resemblyzer's, all sounds joined, to recordings of the person that no voice was made of, and to the
recordings that went in. Melody is how far log pitch goes with that of the recording, frame by frame, where both have
a pitch: a correlation, of the sentences' own means.

Shapes: L frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from synthesis.bench.listener import rate
from synthesis.bench.losses import heard as observed
from synthesis.bench.run import Bench, Spoken
from synthesis.bench.systems import Floats, Prompt, System, engine, read, recordings, unmarked
from synthesis.bench.unseen import Person, minutes_of, person_of, voice_of
from synthesis.engine import Engine, VoiceState, load_engine
from synthesis.training.corpora import Recording


def report(
    bench: Bench, weights: Path, heard: Sequence[Recording], prompts: Sequence[Prompt], people: Sequence[str],
    minutes: Sequence[float],
) -> str:
    """Two rows for each voice, in Markdown; the recordings that are converted on top."""
    made, source = load_engine("neural", weights), bench.speak(recordings(), prompts)
    _judge(bench, [source], prompts)
    lines = [
        "| voice | words wrong, closed | open | OVRL | P.808 | likeness to the person | to the recordings | melody |",
        "|---|---|---|---|---|---|---|---|",
        _row(source),
    ]
    for name in people:
        person = person_of(bench, name, heard)
        for wanted in (0.0, *(some for some in minutes if some < 1.3 * minutes_of(person.rest))):
            lines += _rows(bench, made, voice_of(bench, made, person, wanted), person, source, prompts, wanted)
    return "\n".join(lines)


def _rows(
    bench: Bench, made: Engine, voice: VoiceState, person: Person, source: Spoken, prompts: Sequence[Prompt],
    minutes: float,
) -> list[str]:
    """One voice that reads the texts, and that converts the recordings of them."""
    title = f"{person.name} {minutes:g}"
    reads = bench.speak(engine(f"{title} reads", made, voice), prompts)
    converts = bench.speak(converter(f"{title} converts", made, voice), prompts)
    both = [reads, converts]
    _judge(bench, both, prompts)
    like, unlike = (bench.likeness_to(both, other) for other in (person.apart, source))
    melodies = ("", f"{melody(prompts, converts.files):.2f}")
    return [
        _row(sounds, f"{like[sounds.name]:.3f}", f"{unlike[sounds.name]:.3f}", shown)
        for sounds, shown in zip(both, melodies, strict=True)
    ]


def converter(name: str, made: Engine, voice: VoiceState) -> System:
    """The recording of a prompt, said again in a voice."""

    def say(prompt: Prompt) -> tuple[Floats, int]:
        said = made.convert(made.prepare(prompt.text), voice, *read(prompt.recording), gain=unmarked)
        return np.concatenate(list(said)), made.rate_hz

    return System(name, say, "ours")


def _judge(bench: Bench, every: Sequence[Spoken], prompts: Sequence[Prompt]) -> None:
    for spoken in every:
        bench.listen(spoken, prompts, [prompt.text for prompt in prompts])
    bench.judge(every)


def _row(spoken: Spoken, *alike: str) -> str:
    """A row of the table; the last three cells are empty for the recordings themselves."""
    measured = (
        f"{rate(spoken.closed):.3f}", f"{rate(spoken.opened):.3f}",
        f"{spoken.dnsmos['ovrl']:.2f}", f"{spoken.dnsmos['p808']:.2f}",
    )  # fmt: skip
    return f"| {' | '.join([spoken.name, *measured, *(alike or ('', '', ''))])} |"


def melody(prompts: Sequence[Prompt], files: Sequence[Path]) -> float:
    """Correlation of log pitch between recordings and what was made of them, over all frames voiced in both."""
    pairs = list(_sung(prompts, files))
    one, other = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return float(np.corrcoef(one, other)[0, 1])


def _sung(prompts: Sequence[Prompt], files: Sequence[Path]) -> Iterator[tuple[Floats, Floats]]:
    """Log pitch of the frames that are voiced on both sides, (L,) each, less the mean of the sentence."""
    for prompt, file in zip(prompts, files, strict=True):
        before, after = observed(prompt), observed(replace(prompt, recording=file))
        size = min(len(before.f0), len(after.f0))
        both = ((before.voiced[:size] > 0) & (after.voiced[:size] > 0)).numpy()
        sides = (np.log(side.f0[:size].numpy()[both]) for side in (before, after))
        one, other = (side - side.mean() for side in sides)
        yield one, other
