"""Many threads that speak, one that computes: whoever has the next piece to make joins the batch under way.

Nobody waits for a batch to fill. While one is being computed, the others queue, and what has queued is the next
one; a stream that is alone pays a hand-over and nothing else. Every item is its own: it is answered, fails and is
cancelled alone, and brings its own voice - there is no voice in here between two batches.

The thread starts with the first item, so that a process may fork before. It needs no shutting down.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import chain, repeat
from queue import Empty, SimpleQueue

import numpy as np
from numpy.typing import NDArray

from synthesis.tts import batch
from synthesis.tts.batch import Step
from synthesis.tts.stack import VoiceStack
from synthesis.tts.stream import Gain
from synthesis.tts.voice import FIRST_PIECE, NEXT_PIECES, BaseVoice, Voice

MOST = 16  # rows of one batch
Sound = NDArray[np.float32]
Item = tuple[Step, "Future[Sound]"]


class Batcher:
    """Speaks for many threads on one base.

    Args:
        base: never changed.
        most: rows of one batch.

    Attributes:
        sizes: how many rows each batch had, the last thousand; for measuring.
    """

    def __init__(self, base: BaseVoice, most: int = MOST) -> None:
        self._base, self._most = base, most
        self._stack = VoiceStack(base.config.acoustic, base.device)
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self.sizes: list[int] = []

    def stream(
        self, ids: Sequence[int], voice: Voice, *, seed: int, gain: Gain,
        rate: float = 1.0, pitch: float = 0.0, energy: float = 0.0,
    ) -> Iterator[Sound]:
        """As `BaseVoice.stream`: alone bit for bit, in company as close as `batch` says.

        Raises:
            ValueError: as there.
        """
        progress = self._base.begin(ids, voice, seed=seed, rate=rate, pitch=pitch, energy=energy)
        for count in chain([FIRST_PIECE], repeat(NEXT_PIECES)):
            if progress.sent >= progress.frames:
                return
            yield self.submit(Step(progress, voice, gain, count)).result()

    def submit(self, step: Step) -> Future[Sound]:
        """Put one piece into the next batch; cancelled before its turn, it is not made."""
        asked: Future[Sound] = Future()
        self._queue.put((step, asked))
        self._start()
        return asked

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._starting:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
                    self._thread.start()

    def _work(self) -> None:
        while True:
            waiting = [self._queue.get()]
            while len(waiting) < 4 * self._most:
                try:
                    waiting.append(self._queue.get_nowait())
                except Empty:
                    break
            wanted = [(step, asked) for step, asked in waiting if asked.set_running_or_notify_cancel()]
            for numbers in batch.buckets([step for step, _ in wanted], self._most):
                self._answer([wanted[number] for number in numbers])

    def _answer(self, items: list[Item]) -> None:
        self.sizes = [*self.sizes[-999:], len(items)]
        try:
            made = self._made([step for step, _ in items])
        except Exception as error:  # noqa: BLE001  # one bad item must not take the others with it: each by itself
            if len(items) == 1:
                items[0][1].set_exception(error)
                return
            for item in items:
                self._answer([item])
            return
        for (_, asked), sound in zip(items, made, strict=True):
            if isinstance(sound, Exception):
                asked.set_exception(sound)
            else:
                asked.set_result(sound)

    def _made(self, steps: list[Step]) -> list[Sound | Exception]:
        return batch.pieces(self._base.acoustic, self._base.vocoder, steps, self._stack.person)
