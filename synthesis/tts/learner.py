"""One person who is being learned: what is trained, how far it is, when it ends and what is kept of it.

Shapes: L frames, N units.
Source: part of the way back to the start after Wortsman et al., "Robust fine-tuning of zero-shot models", 2022.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from synthesis.tts import adapter, checkpoint, likeness, losses, precision
from synthesis.tts.adapter import Adapter
from synthesis.tts.checkpoint import Checkpoint
from synthesis.tts.clearness import chances
from synthesis.tts.features import HOP, MELS
from synthesis.tts.takes import Heard, Take, hear, joined
from synthesis.tts.voice import BaseVoice

CHECK_EVERY, PATIENCE = 25, 4
BATCH_FRAMES = 2400  # 26 s of speech a step and person
RATE = 2e-3
HELD_SHARE = 10  # one take in this many decides when to stop
SHORT_S = 180.0  # below this much speech the rank of what is trained inside is halved
LIKENESS = 2.5  # held-out loss that a cosine of 1 outweighs: whom training does not come nearer to keeps the start
_SHARES = (1.0, 0.75, 0.5, 0.25, 0.0)  # of the way from the start to the best
_CLEAR = 0.1  # of the speaker network's cosine that a nat of the aligner's certainty outweighs
_REPLAY = 0.03  # loss that a nat of the aligner's certainty outweighs; with 0.1 voices were less like the person
FASTEST = 1.3  # times the base voice's pace

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Interim:
    """How far a training is: the share that is done, what it goes on from, and the best voice so far."""

    done: float
    state: bytes
    adapter: Adapter


@dataclass(frozen=True)
class Pupil:
    """One person to be learned.

    Args:
        takes: half a minute of speech or more in all; levels may differ.
        seed: decides the order of takes and the first values; equal seeds give equal adapters.
        progress: told a share from 0 to 1 and a line for people.
        should_stop: asked before every step; True ends this person's training with the best so far.
        replay: sentences as phoneme numbers, which the person need not have read. One is said in every step, and what
            the aligner does not hear in it is an error: of a learner of a language the mistakes are learned less, and
            of everybody what these takes happen to lack.
        begun: the newest `Interim.state` of a training that was broken off; of other takes or another base it is left.
        interim: told every CHECK_EVERY steps how far it is.
    """

    takes: Sequence[Take]
    seed: int
    progress: Progress
    should_stop: Callable[[], bool]
    replay: Sequence[Sequence[int]] = ()
    begun: bytes | None = None
    interim: Callable[[Interim], None] | None = None


class TooLittle(ValueError):
    """Not one take is long enough, or none fits its text."""


@dataclass(eq=False)
class Learner:
    """Training of one person under way."""

    base: BaseVoice
    pupil: Pupil
    steps: int
    step: int = 0
    begun_at: int = -1  # the step that a training which was broken off had judged last
    train: list[Heard] = field(default_factory=list)
    held: list[Heard] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    first: dict[str, Tensor] = field(default_factory=dict)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = float("inf")
    waited: int = 0
    learning: bool = False
    news: tuple[float, str] | None = None  # for the thread that brought the person
    halfway: Checkpoint | None = None  # the same

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
        if self.pupil.begun is not None:
            self._go_on_from(Checkpoint.from_bytes(self.pupil.begun))

    def _go_on_from(self, found: Checkpoint) -> None:
        if found.of != self._subject:
            return
        self.step = self.begun_at = found.step
        self.waited, self.best_loss, self.best = found.waited, found.best_loss, dict(found.parts["best"])
        with torch.no_grad():
            for name, value in self.tensors.items():
                value.copy_(found.parts["now"][name])
        checkpoint.set_means(self.optimiser, self.tensors, found)
        self.dice.bit_generator.state = found.dice
        self.learning = self.waited < PATIENCE

    @cached_property
    def _subject(self) -> str:
        return checkpoint.subject_of(self.base.sha256, self.pupil.seed, self.steps, self.pupil.takes, self.pupil.replay)

    def _clips(self) -> list[NDArray[np.float32]]:
        return [take.samples for take in _longest(self.pupil.takes)]

    def goes_on(self) -> bool:
        """Tell the news and ask, in the thread that brought the person."""
        if self.news is not None:
            (share, line), self.news = self.news, None
            self.pupil.progress(share, line)
        if self.halfway is not None and self.pupil.interim is not None:
            done, self.halfway = self.halfway, None
            best = Adapter(self.base.sha256, dict(done.parts["best"]))
            self.pupil.interim(Interim(done.step / self.steps, done.to_bytes(), best))
        self.learning = self.learning and not self.pupil.should_stop()
        return self.learning

    def look(self) -> None:
        """Before a step: whether it still gets better, every so often."""
        if self.learning and self.step % CHECK_EVERY == 0 and self.step != self.begun_at:
            self._judge()
            self._note()

    def _note(self) -> None:
        """What the thread that brought the person may keep: a step of another may be under way when it does."""
        if self.step and self.pupil.interim is not None:
            means = checkpoint.means(self.optimiser, self.tensors)
            parts = {"now": _copy(self.tensors), "best": self.best, **means}
            dice = self.dice.bit_generator.state
            self.halfway = Checkpoint(self._subject, self.step, self.waited, self.best_loss, dice, parts)

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

    def unclear(self) -> Tensor:
        """What a step adds to the loss for a sentence of `replay` that is not heard as it was meant."""
        if not self.pupil.replay:
            return torch.zeros(())
        ids = self.pupil.replay[int(self.dice.integers(len(self.pupil.replay)))]
        with precision.quick(self.base.device):
            return -_REPLAY * chances(self.base, self.tensors, ids).mean()

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
        guess = acoustic.guess(losses.units_of(acoustic, read, said, person), said, person)
        usual = float((guess.durations[0].float().expm1().cpu() * row.said).sum())
        pace = float((row.durations * row.said).sum()) / max(usual, 1.0)
        longer = float(np.log(np.clip(pace, 1 / FASTEST, 1.0)))
        return tensors | {"duration.bias": tensors["duration.bias"] + longer}

    @torch.no_grad()
    def _held(self) -> tuple[float, float]:
        """Of takes that are not trained on: the loss, and how like the person the frames are to the speaker network."""
        rows = [joined(self.held[at : at + 6]) for at in range(0, len(self.held), 6)]
        loss = np.mean([float(losses.row_losses(self.base, [self.tensors], [row])[0]) for row in rows])
        return float(loss), float(np.mean([self._alike(row) for row in rows]))

    def _alike(self, row: Heard) -> float:
        _, made, _ = losses.together(self.base, [self.tensors], [row])
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
