"""Fit adapters to people's takes, in minutes; the base is read and never written.

For enrolment. It decides nothing about consent or about whether the takes are good enough, and
keeps none of them. Early stopping looks at takes that are not trained on.

Several people can be learned in one batch (`School`): each is one row of it, with takes, seed,
progress and end of their own, and gets the adapter they would have got alone, but for the order in
which a processor adds.

Shapes: P people of a batch, L frames, N units, D width, M mel bands, B takes.
Sources: Chen et al., "AdaSpeech", 2021; low-rank updates after Hu et al., "LoRA", 2021; one batch after
Park et al., "NanoVoice", 2024; part of the way back to the start after Wortsman et al., "Robust fine-tuning of
zero-shot models", 2022.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from synthesis.tts import adapter, likeness, precision
from synthesis.tts.acoustic import Acoustic, Person, Prosody
from synthesis.tts.adapter import Adapter
from synthesis.tts.features import HOP, MELS
from synthesis.tts.takes import Heard, Take, hear, joined
from synthesis.tts.voice import BaseVoice

STEPS, CHECK_EVERY, PATIENCE = 400, 25, 4
BATCH_FRAMES = 2400  # 26 s of speech a step and person
RATE = 2e-3
HELD_SHARE = 10  # one take in this many decides when to stop
SHORT_S = 180.0  # below this much speech the rank of what is trained inside is halved
LIKENESS = 2.5  # held-out loss that a cosine of 1 outweighs: whom training does not come nearer to keeps the start
_SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)  # of the way from the start to the best
_CLEAR = 0.1  # of the speaker network's cosine that a nat of the aligner's certainty outweighs
FASTEST = 1.3  # times the base voice's pace

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


class School:
    """People who are learned at the same time, in one batch.

    Each is brought by a thread of its own, which hears of its errors and calls its callbacks. Threads take turns, and
    whose turn it is takes a step for all who are there: one may come or go whenever they like.
    """

    def __init__(self, base: BaseVoice) -> None:
        self._base = base
        self._present: list[_Learner] = []
        self._waiting: deque[object] = deque()
        self._moved_up = threading.Condition()

    def adapt(self, pupil: Pupil, *, steps: int = STEPS) -> Adapter:
        """Train the adapter of one; returns when it is ready.

        Raises:
            TooLittle: nothing to learn from. Whatever `progress` and `should_stop` raise.
        """
        learner = _Learner(self._base, pupil, steps)
        learner.begin()
        self._present.append(learner)
        try:
            while learner.goes_on():
                with self._turn():
                    self._step()
        finally:
            with self._turn():  # a step of another thread may be under way
                self._present.remove(learner)
        return learner.result()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """First come, first served: a bare lock would leave one thread all the steps, and the others no word."""
        me = object()
        with self._moved_up:
            self._waiting.append(me)
            self._moved_up.wait_for(lambda: self._waiting[0] is me)
        try:
            yield
        finally:
            with self._moved_up:
                self._waiting.popleft()
                self._moved_up.notify_all()

    def _step(self) -> None:
        for learner in self._present:
            learner.look()
        learning = [learner for learner in self._present if learner.learning]
        if not learning:
            return
        for learner in learning:
            learner.optimiser.zero_grad()
        rows = [learner.draw() for learner in learning]
        losses = row_losses(self._base, [learner.tensors for learner in learning], rows)
        torch.stack(losses).sum().backward()  # people share no tensor, so each gets the gradient of their own loss
        for learner in learning:
            learner.move()


@dataclass(eq=False)
class _Learner:
    """Training of one person under way."""

    base: BaseVoice
    pupil: Pupil
    steps: int
    step: int = 0
    train: list[Heard] = field(default_factory=list)
    held: list[Heard] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    first: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    waited: int = 0
    learning: bool = False
    news: tuple[float, str] | None = None  # for the thread that brought the person

    def begin(self) -> None:
        """Listen to the takes and lay the first values."""
        heard = _usable(self.base, self.pupil.takes, self.pupil.progress)
        clips = self._clips()
        self.train, self.held = _parted(heard, self.pupil.seed)
        frames = sum(len(part.mel) for part in self.train)
        rank = adapter.RANK // 2 if frames * HOP < SHORT_S * self.base.rate_hz else adapter.RANK
        first = likeness.start(self.base, clips, adapter.RANK, stage_rank=rank, seed=self.pupil.seed)
        self.tensors = {name: value.requires_grad_() for name, value in first.items()}
        self.optimiser = torch.optim.AdamW(self.tensors.values(), RATE, (0.9, 0.98), weight_decay=0.02)
        self.dice = np.random.default_rng([self.pupil.seed, 3])
        self.person = torch.from_numpy(np.mean([self.base.speaker_embedding(clip) for clip in clips], 0))
        self.first, self.best, self.learning = _copy(self.tensors), _copy(self.tensors), True

    def _clips(self) -> list[NDArray[np.float32]]:
        return [take.samples for take in _longest(self.pupil.takes)]

    def goes_on(self) -> bool:
        """Tell the news and ask, in the thread that brought the person."""
        if self.news is not None:
            (share, line), self.news = self.news, None
            self.pupil.progress(share, line)
        self.learning = self.learning and not self.pupil.should_stop()
        return self.learning

    def look(self) -> None:
        """Before a step: whether it still gets better, every so often."""
        if self.learning and self.step % CHECK_EVERY == 0:
            self._judge()

    def _judge(self) -> None:
        loss, alike = self._held()
        now = loss - LIKENESS * alike
        self.waited += 1
        if now < self.best_loss:
            self.best, self.best_loss, self.waited = _copy(self.tensors), now, 0
        share = 0.05 + 0.95 * self.step / self.steps
        self.news = (share, f"step {self.step} of {self.steps}, held-out distance {loss:.3f}, likeness {alike:.3f}")
        self.learning = self.waited < PATIENCE

    def draw(self) -> Heard:
        """Takes for one step, as one row."""
        chosen: list[Heard] = []
        while sum(len(take.mel) for take in chosen) < BATCH_FRAMES:
            chosen.append(self.train[int(self.dice.integers(len(self.train)))])
        return joined(chosen)

    def move(self) -> None:
        """One step along the gradient."""
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (self.step + 1) / 20) * (1 - 0.9 * self.step / self.steps)
        torch.nn.utils.clip_grad_norm_(self.tensors.values(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.learning = self.step < self.steps

    def result(self) -> Adapter:
        """What came of it."""
        loss, alike = self._held()
        if loss - LIKENESS * alike < self.best_loss:
            self.best = _copy(self.tensors)
        kept = likeness.in_tune(self.base, self._in_pace(self._well_kept()), self._clips())
        self.pupil.progress(1.0, "done")
        return Adapter(self.base.sha256, {name: value.half().float() for name, value in kept.items()})

    def _well_kept(self) -> dict[str, Tensor]:
        """As much of the way from the start to the best as makes the voice like the person and leaves it clear.

        Frames are learned farther than is good for either: what is not the person but their microphone and these takes
        is learned last, and of learners of a language their mistakes, too.
        """
        ways = [{name: first.lerp(self.best[name], share) for name, first in self.first.items()} for share in _SHARES]
        return max(ways, key=self._worth)

    def _worth(self, tensors: dict[str, Tensor]) -> float:
        near = likeness.nearness(self.base, tensors, self.person)
        return near + _CLEAR * likeness.clearness(self.base, tensors)

    @torch.no_grad()
    def _in_pace(self, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """With the person's pace, where it is quicker than the voice would be, up to FASTEST times.

        Never slower: who reads with effort, sound by sound, would be cloned in that too, and words so drawn out are not
        understood, although they sound more like the person.
        """
        acoustic, row = self.base.acoustic, joined([*self.train, *self.held])
        person = adapter.person(self.base.config.acoustic, [tensors["voice"]], [tensors])
        read, said = row.read[None].to(self.base.device), row.said[None].to(self.base.device)
        guess = acoustic.guess(_units(acoustic, read, said, person), said, person)
        usual = float((guess.durations[0].float().expm1().cpu() * row.said).sum())
        pace = float((row.durations * row.said).sum()) / max(usual, 1.0)
        longer = float(np.log(np.clip(pace, 1 / FASTEST, 1.0)))
        return tensors | {"duration.bias": tensors["duration.bias"] + longer}

    @torch.no_grad()
    def _held(self) -> tuple[float, float]:
        """Of takes that are not trained on: the loss, and how like the person the frames are to the speaker network."""
        rows = [joined(self.held[at : at + 6]) for at in range(0, len(self.held), 6)]
        loss = np.mean([float(row_losses(self.base, [self.tensors], [row])[0]) for row in rows])
        return float(loss), float(np.mean([self._alike(row) for row in rows]))

    def _alike(self, row: Heard) -> float:
        _, made, _ = _together(self.base, [self.tensors], [row])
        net, heard = self.base.speaker, row.frames[None].to(self.base.device)
        said = net.embedding(net.statistics(made[..., :MELS].float(), heard))[0]
        return float(said.cpu() @ self.person)


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
    whole, made, said = _together(base, tensors, rows)
    return [_loss(Heard(*(getattr(whole, name)[row] for name in Heard.__dataclass_fields__)), made[row],
                  [one[row] for one in said]) for row in range(len(rows))]  # fmt: skip


def _together(
    base: BaseVoice, tensors: Sequence[dict[str, Tensor]], rows: Sequence[Heard]
) -> tuple[Heard, Tensor, Sequence[Tensor]]:
    """Rows as one batch (P, ...), and what is `spoken` of it, each in its own voice."""
    side = {name: pad_sequence([getattr(row, name) for row in rows], batch_first=True)
            for name in Heard.__dataclass_fields__}  # fmt: skip
    whole = Heard(**{name: value.to(base.device) for name, value in side.items()})
    person = adapter.person(base.config.acoustic, [own["voice"] for own in tensors], list(tensors))
    with precision.quick(base.device):
        made, said = spoken(base.acoustic, whole, person)
    return whole, made, said


def spoken(acoustic: Acoustic, row: Heard, person: Person) -> tuple[Tensor, Sequence[Tensor]]:
    """As `Acoustic.forward`: frames (P, L, M + 2) under the recorded prosody, and what was guessed of it (P, N)."""
    x = _units(acoustic, row.read, row.said, person)
    prosody = Prosody(row.durations, row.pitch, row.energy)
    spread = acoustic.frames(x, prosody, row.mel.shape[1])
    if torch.is_autocast_enabled(x.device.type):
        spread = spread.to(torch.get_autocast_dtype(x.device.type))
    made = acoustic.decoder(spread, person, row.frames.unsqueeze(-1).to(spread.dtype))
    return made, acoustic.guess(x, row.said, person)


def _units(acoustic: Acoustic, read: Tensor, said: Tensor, person: Person) -> Tensor:
    """What the encoder says of units (P, N, D), and who says them; nothing in the gaps between takes."""
    who: Tensor = acoustic.speaker(person.vector)
    return (read + (who if person.who is None else who + person.who).unsqueeze(1)) * said.unsqueeze(-1)


def _loss(row: Heard, made: Tensor, said: Sequence[Tensor]) -> Tensor:
    """Of one person: row without its first axis, made (L, M + 2), said three of (N,)."""
    keep = row.bands * row.frames.unsqueeze(-1)
    # In that room the voice would sound so: what is quieter than the room is not to be learned, nor is the room.
    there = 0.5 * torch.logaddexp(2 * made[:, :MELS], 2 * row.floor)
    far = ((there - row.mel).abs() * keep).sum() / keep.sum()
    sung = row.voiced * row.frames
    tune = ((made[:, MELS] - row.f0).abs() * sung).sum() / sung.sum().clamp(min=1)
    breath = functional.binary_cross_entropy_with_logits(made[:, MELS + 1], row.voiced, reduction="none")
    # Not how long each sound lasts: what is learned of that in minutes made voices less like the person, and harder to
    # understand. The pace is measured at the end.
    prosody = [((guess.float() - aim).square() * row.said).sum() / row.said.sum()
               for guess, aim in zip(said[1:], (row.pitch, row.energy), strict=True)]  # fmt: skip
    return far + tune + 0.2 * (breath * row.frames).sum() / row.frames.sum() + 0.3 * torch.stack(prosody).sum()

