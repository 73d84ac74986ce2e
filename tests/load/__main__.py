"""`./run bench load`: the API under load on this machine; client, servers and database share its cores.

    ./run bench load [SCENE ...] [--seconds S] [--seed N]

Scenes: reads, submissions, merges, verifications, overload, lasting, neighbour. Each prints the delays from the moment
a request was due (see `openloop`), and the processor time that the servers spent on it: delays depend on what else the
machine does, processor time hardly. From it follows what two free cores could carry.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from itertools import groupby

from tests.load import openloop, scenes
from tests.load.processes import Used, used
from tests.load.stage import Stage, stage

CORES = 2


def main(arguments: list[str]) -> int:
    """Play the scenes that are named, or all of them."""
    parser = argparse.ArgumentParser(prog="./run bench load", description="The API under load.")
    parser.add_argument("scene", nargs="*", help=f"of {', '.join(scenes.SCENES)}; all when left out")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each part of a scene lasts")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args(arguments)
    names = options.scene or list(scenes.SCENES)
    if unknown := set(names) - set(scenes.SCENES):
        parser.error(f"there is no scene {', '.join(sorted(unknown))}")
    print(f"seed {options.seed}, {options.seconds:.0f} s a part", flush=True)
    # Scenes with the same settings share a platform: making its voices takes longer than loading it.
    for settings, group in groupby(names, key=lambda name: scenes.SCENES[name].settings):
        with stage(**settings) as played:
            for name in group:
                print(f"--- {name}: {scenes.SCENES[name].asked}", flush=True)
                played.ready()
                scenes.SCENES[name].play(played, Meter(played, options.seconds, options.seed))
    return 0


class Meter:
    """Offers streams to a stage and prints what came of it."""

    def __init__(self, played: Stage, seconds: float, seed: int) -> None:
        self.played, self.seconds, self.seed = played, seconds, seed

    def measure(
        self, title: str, streams: list[openloop.Stream], told: Callable[[str], str] = lambda who: "all"
    ) -> dict[str, openloop.Summary]:
        """Offer `streams` and print one line per group of answers.

        Args:
            told: the group that a stream's answers are counted in, by its name.
        """
        before, began = used(self.played.platform), time.perf_counter()
        answers = openloop.offer(self.played.platform.url, streams, self.seconds, self.seed)
        after, took_s = used(self.played.platform), time.perf_counter() - began
        groups = sorted({told(answer.who) for answer in answers})
        found = {
            group: openloop.summary([answer for answer in answers if told(answer.who) == group], self.seconds)
            for group in groups
        }
        for group, one in found.items():
            print(f"{title}, {group}: {one.text()}", flush=True)
            if one.silent_refusals:
                print(f"{title}, {group}: {one.silent_refusals} refusals say not when to come again")
        print(f"{title}: {_cost(before, after, len(answers), took_s)}", flush=True)
        return found


def _cost(before: Used, after: Used, requests: int, took_s: float) -> str:
    spent = after.since(before)
    parts = ", ".join(f"{name} {1000 * spent.get(name, 0) / requests:.2f}" for name in ("web", "postgres", "valkey"))
    each_s = sum(spent.get(name, 0) for name in ("web", "postgres", "valkey")) / requests
    memory = ", ".join(f"{mb:.0f}" for mb in after.web_mb)
    grown = sum(after.web_mb) / sum(before.web_mb) - 1 if sum(before.web_mb) else 0.0
    return (
        f"processor ms a request: {parts}; {CORES / each_s:.0f}/s on {CORES} free cores; "
        f"web processes {memory} MB ({grown:+.1%} in {took_s:.0f} s)"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
