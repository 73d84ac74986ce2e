"""Fit adapters to people's takes, in minutes; the base is read and never written.

For enrolment. It decides nothing about consent or about whether the takes are good enough, and
keeps none of them. Early stopping looks at takes that are not trained on.

Several people can be learned in one batch (`adapt_each`): each is one row of it, with takes, seed,
progress and end of their own, and gets the adapter they would have got alone, but for the order in
which a processor adds.

Shapes: P people of a batch, L frames, N units, D width, M mel bands, B takes.
Sources: Chen et al., "AdaSpeech", 2021; low-rank updates after Hu et al., "LoRA", 2021; one batch after
Park et al., "NanoVoice", 2024.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from synthesis.tts import adapter, likeness
from synthesis.tts.acoustic import Acoustic, Person, Prosody
from synthesis.tts.adapter import Adapter
from synthesis.tts.features import HOP, MELS
from synthesis.tts.takes import Heard, Take, hear, joined
from synthesis.tts.voice import BaseVoice

STEPS, CHECK_EVERY, PATIENCE = 400, 25, 4
BATCH_FRAMES = 2400  # 26 s of speech a step and person
RATE = 2e-3
HELD_SHARE = 10  # one take in this many decides when to stop
SHORT_S = 180.0  # below this much speech the rank is halved

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Pupil:
    """One person to be learned.

    Args:
        takes: half a minute of speech or more in all; levels may differ.
        seed: decides the order of takes and the first values; equal seeds give equal adapters.
        progress: told a share from 0 to 1 and a line for people.
        should_stop: asked before every step; True ends this person's training with the best so far.
    """

    takes: Sequence[Take]
    seed: int
    progress: Progress
    should_stop: Callable[[], bool]


class TooLittle(ValueError):
    """Not one take is long enough, or none fits its text."""


def adapt(
    base: BaseVoice, takes: Sequence[Take], *, seed: int, progress: Progress, should_stop: Callable[[], bool],
    steps: int = STEPS,
) -> Adapter:
    """Train one adapter; see `Pupil`.

    Raises:
        TooLittle: nothing to learn from.
    """
    (made,) = adapt_each(base, [Pupil(takes, seed, progress, should_stop)], steps=steps)
    if isinstance(made, Exception):
        raise made
    return made


def adapt_each(base: BaseVoice, pupils: Sequence[Pupil], *, steps: int = STEPS) -> list[Adapter | Exception]:
    """Train an adapter for each, in one batch.

    Returns:
        For each pupil its adapter, or what went wrong with it alone: TooLittle, or whatever its own `progress` or
        `should_stop` raised.
    """
    learners = [_Learner(base, pupil, steps) for pupil in pupils]
    for learner in learners:
        learner.begin()
    for step in range(steps):
        for learner in learners:
            learner.look(step)
        learning = [learner for learner in learners if learner.learning]
        if not learning:
            break
        _step(base, learning, step)
    return [learner.result() for learner in learners]


def _step(base: BaseVoice, learning: "Sequence[_Learner]", step: int) -> None:
    for learner in learning:
        learner.optimiser.zero_grad()
    rows = [learner.draw() for learner in learning]
    losses = row_losses(base, [learner.tensors for learner in learning], rows)
    torch.stack(losses).sum().backward()  # people share no tensor, so each gets the gradient of their own loss
    for learner in learning:
        learner.move(step)


@dataclass
class _Learner:
    """Training of one person under way; an error of theirs ends it and nobody else's."""

    base: BaseVoice
    pupil: Pupil
    steps: int
    train: list[Heard] = field(default_factory=list)
    held: list[Heard] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    waited: int = 0
    learning: bool = False
    wrong: Exception | None = None

    def begin(self) -> None:
        """Listen to the takes and lay the first values."""
        with self._apart():
            self._begin()

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """What goes wrong in here is kept for `result`; it ends this person's training and nobody else's."""
        try:
            yield
        except Exception as fault:  # noqa: BLE001  # takes and callbacks are a caller's: anything may come, to him alone
            self.wrong, self.learning = fault, False

    def _begin(self) -> None:
        heard = _usable(self.base, self.pupil.takes, self.pupil.progress)
        clips = [take.samples for take in _longest(self.pupil.takes)]
        own = likeness.voice_like(self.base, clips)
        self.train, self.held = _parted(heard, self.pupil.seed)
        frames = sum(len(part.mel) for part in self.train)
        rank = adapter.RANK // 2 if frames * HOP < SHORT_S * self.base.rate_hz else adapter.RANK
        first = likeness.start(self.base, own, clips, rank, self.pupil.seed)
        self.tensors = {name: value.requires_grad_() for name, value in first.items()}
        self.optimiser = torch.optim.AdamW(self.tensors.values(), RATE, (0.9, 0.98), weight_decay=0.02)
        self.dice = np.random.default_rng([self.pupil.seed, 3])
        self.best, self.learning = _copy(self.tensors), True

    def look(self, step: int) -> None:
        """Before a step: whether to go on, and every so often how far it is."""
        if not self.learning:
            return
        with self._apart():
            self.learning = not self.pupil.should_stop()
            if self.learning and step % CHECK_EVERY == 0:
                self._judge(step)

    def _judge(self, step: int) -> None:
        now = self._held_loss()
        self.waited += 1
        if now < self.best_loss:
            self.best, self.best_loss, self.waited = _copy(self.tensors), now, 0
        share = 0.05 + 0.95 * step / self.steps
        self.pupil.progress(share, f"step {step} of {self.steps}, held-out distance {now:.3f}")
        self.learning = self.waited < PATIENCE

    def draw(self) -> Heard:
        """Takes for one step, as one row."""
        chosen: list[Heard] = []
        while sum(len(take.mel) for take in chosen) < BATCH_FRAMES:
            chosen.append(self.train[int(self.dice.integers(len(self.train)))])
        return joined(chosen)

    def move(self, step: int) -> None:
        """One step along the gradient."""
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / self.steps)
        torch.nn.utils.clip_grad_norm_(self.tensors.values(), 1.0)
        self.optimiser.step()

    def result(self) -> Adapter | Exception:
        """What came of it."""
        if self.wrong is None:
            with self._apart():
                if self._held_loss() < self.best_loss:
                    self.best = _copy(self.tensors)
                self.pupil.progress(1.0, "done")
        if self.wrong is not None:
            return self.wrong
        return Adapter(self.base.sha256, {name: value.half().float() for name, value in self.best.items()})

    @torch.no_grad()
    def _held_loss(self) -> float:
        rows = [joined(self.held[at : at + 6]) for at in range(0, len(self.held), 6)]
        return float(np.mean([float(row_losses(self.base, [self.tensors], [row])[0]) for row in rows]))


def _copy(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in tensors.items()}


def _longest(takes: Sequence[Take], most: int = 12) -> list[Take]:
    return sorted(takes, key=lambda take: -len(take.samples))[:most]


def _parted(heard: list[Heard], seed: int) -> tuple[list[Heard], list[Heard]]:
    order = np.random.default_rng([seed, 1]).permutation(len(heard))
    count = max(1, len(heard) // HELD_SHARE)
    if len(heard) == 1:
        return heard, heard
    return [heard[i] for i in order[count:]], [heard[i] for i in order[:count]]


def _usable(base: BaseVoice, takes: Sequence[Take], progress: Progress) -> list[Heard]:
    found = []
    for number, take in enumerate(takes):
        progress(0.05 * number / len(takes), f"listening to take {number + 1} of {len(takes)}")
        try:
            found.append(hear(base, take))
        except ValueError:
            continue  # more sounds than frames, or nothing said: the text is not of this take
    if not found:
        raise TooLittle("no take holds speech that fits its text")
    return found


def row_losses(base: BaseVoice, tensors: Sequence[dict[str, Tensor]], rows: Sequence[Heard]) -> list[Tensor]:
    """Frame and prosody losses of one row for each person."""
    side = {name: pad_sequence([getattr(row, name) for row in rows], batch_first=True)
            for name in Heard.__dataclass_fields__}  # fmt: skip
    whole = Heard(**{name: value.to(base.device) for name, value in side.items()})
    person = adapter.person(base.config.acoustic, [own["voice"] for own in tensors], list(tensors))
    with torch.autocast(base.device, torch.bfloat16):
        made, said = spoken(base.acoustic, whole, person)
    return [_loss(Heard(*(getattr(whole, name)[row] for name in side)), made[row], [one[row] for one in said])
            for row in range(len(rows))]  # fmt: skip


def spoken(acoustic: Acoustic, row: Heard, person: Person) -> tuple[Tensor, Sequence[Tensor]]:
    """As `Acoustic.forward`: frames (P, L, M + 2) under the recorded prosody, and what was guessed of it (P, N)."""
    who: Tensor = acoustic.speaker(person.vector)
    x = (row.read + (who if person.who is None else who + person.who).unsqueeze(1)) * row.said.unsqueeze(-1)
    prosody = Prosody(row.durations, row.pitch, row.energy)
    spread = acoustic.frames(x, prosody, row.mel.shape[1])
    if torch.is_autocast_enabled(x.device.type):
        spread = spread.to(torch.get_autocast_dtype(x.device.type))
    made = acoustic.decoder(spread, person, row.frames.unsqueeze(-1).to(spread.dtype))
    return made, acoustic.guess(x, row.said, person)


def _loss(row: Heard, made: Tensor, said: Sequence[Tensor]) -> Tensor:
    """Of one person: row without its first axis, made (L, M + 2), said three of (N,)."""
    keep = row.bands * row.frames.unsqueeze(-1)
    far = ((made[:, :MELS] - row.mel).abs() * keep).sum() / keep.sum()
    sung = row.voiced * row.frames
    tune = ((made[:, MELS] - row.f0).abs() * sung).sum() / sung.sum().clamp(min=1)
    breath = functional.binary_cross_entropy_with_logits(made[:, MELS + 1], row.voiced, reduction="none")
    aims = (torch.log1p(row.durations.float()), row.pitch, row.energy)
    prosody = [((guess.float() - aim).square() * row.said).sum() / row.said.sum()
               for guess, aim in zip(said, aims, strict=True)]  # fmt: skip
    return far + tune + 0.2 * (breath * row.frames).sum() / row.frames.sum() + 0.3 * torch.stack(prosody).sum()

