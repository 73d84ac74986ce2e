"""Workers that train one network side by side: `--workers N`.

On shared cores a threaded step waits for its slowest thread at every layer; whole steps in
separate processes that average their weights now and then lose nothing to that. Each worker has
its own optimiser and its own data. It does not span machines.

Source: Stich, "Local SGD converges fast and communicates little", 2019.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.multiprocessing
from torch import Tensor, nn

MEET_EVERY = 8  # steps between two averagings
LONGEST_WAIT_S = 900.0


@dataclass(frozen=True)
class Peers:
    """One worker's view of the others: its number, how many there are, and where they meet.

    weights (N, P) holds every worker's parameters, last_words (1,) is set by worker 0 when the
    time is over; both are shared memory.
    """

    rank: int = 0
    count: int = 1
    weights: Tensor | None = None
    last_words: Tensor | None = None
    barrier: Any = None  # a multiprocessing barrier, which has no public type

    def meet(self, net: nn.Module, step: int, is_late: bool) -> bool:
        """Average `net` with the others when it is time to; returns whether training is over."""
        if self.weights is None or self.last_words is None:
            return is_late
        if step % MEET_EVERY:
            return False
        own = [value for value in net.parameters() if value.requires_grad]
        flat = nn.utils.parameters_to_vector(own).detach()
        self.weights[self.rank, : len(flat)] = flat
        if self.rank == 0 and is_late:
            self.last_words[0] = 1
        self.barrier.wait(LONGEST_WAIT_S)
        nn.utils.vector_to_parameters(self.weights[:, : len(flat)].mean(0), own)
        is_over = bool(self.last_words[0])
        self.barrier.wait(LONGEST_WAIT_S)  # nobody may write before all have read
        return is_over


ALONE = Peers()


def launch(count: int, work: Callable[..., None], *arguments: Any) -> None:
    """Run `work(peers, *arguments)` in `count` processes; in this one if it is one."""
    if count == 1:
        work(ALONE, *arguments)
        return
    context = torch.multiprocessing.get_context("spawn")
    shared = (torch.zeros(count, _LARGEST).share_memory_(), torch.zeros(1).share_memory_(), context.Barrier(count))
    others = [
        context.Process(target=_one, args=(rank, count, shared, work, arguments), daemon=True)
        for rank in range(1, count)
    ]
    for process in others:
        process.start()
    _one(0, count, shared, work, arguments)
    for process in others:
        process.join()


_LARGEST = 32_000_000  # parameters there is room for; pages never touched cost nothing


def _one(rank: int, count: int, shared: tuple[Tensor, Tensor, Any], work: Callable[..., None],
         arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    if rank:
        os.setsid()  # Linux shares time by session: a worker counts as a job of its own, on its own core
    weights, last_words, barrier = shared
    work(Peers(rank, count, weights, last_words, barrier), *arguments)
