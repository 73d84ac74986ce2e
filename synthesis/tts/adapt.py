"""Fit adapters to people's takes, in minutes; the base is read and never written.

For enrolment. It decides nothing about consent or about whether the takes are good enough, and
keeps none of them. Early stopping looks at takes that are not trained on.

Several people can be learned in one batch (`School`): each is one row of it, with takes, seed,
progress and end of their own, and gets the adapter they would have got alone, but for the order in
which a processor adds.

Sources: Chen et al., "AdaSpeech", 2021; low-rank updates after Hu et al., "LoRA", 2021; one batch after
Park et al., "NanoVoice", 2024.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from synthesis.tts import losses
from synthesis.tts.adapter import Adapter
from synthesis.tts.learner import Learner, Pupil
from synthesis.tts.voice import BaseVoice

STEPS = 400


class School:
    """People who are learned at the same time, in one batch.

    Each is brought by a thread of its own, which hears of its errors and calls its callbacks. Threads take turns, and
    whose turn it is takes a step for all who are there: one may come or go whenever they like.
    """

    def __init__(self, base: BaseVoice) -> None:
        self._base = base
        self._present: list[Learner] = []
        self._waiting: deque[object] = deque()
        self._moved_up = threading.Condition()

    def adapt(self, pupil: Pupil, *, steps: int = STEPS) -> Adapter:
        """Train the adapter of one; returns when it is ready.

        Raises:
            TooLittle: nothing to learn from. Whatever `progress` and `should_stop` raise.
        """
        learner = Learner(self._base, pupil, steps)
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
        wrong = losses.row_losses(self._base, [learner.tensors for learner in learning], rows)
        wrong += [learner.unclear() for learner in learning]
        torch.stack(wrong).sum().backward()  # people share no tensor, so each gets the gradient of their own loss
        for learner in learning:
            learner.move()
