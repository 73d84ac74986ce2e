"""``manage.py measure_streams``: listen to streams over HTTP as a client does, and count what they cost.

Two measures: *first audio*, one warm stream after the other, from sending the request to the first byte of sound;
and *at once*, so many listeners that play in real time from their first window on: a gap is a moment at which a
player would have run out of sound. Clients and servers share the machine's cores. The CPU time of every process is
told beside: where other work shares the cores, wall time says little.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
import psutil
from django.core.management.base import BaseCommand, CommandParser

from config.demo.console import Console
from config.demo.people import USE
from config.demo.story import Story
from config.management.commands.demo import SPEECH
from config.management.commands.demo import Command as Demo

SENTENCES = (
    "Your parcel will arrive on Tuesday between nine and ten.",
    "Thank you for waiting, somebody will be with you in a moment.",
    "The next train to the harbour leaves from platform seven.",
    "Please have the number of your contract at hand.",
)
TEXT = " ".join(SENTENCES * 2)
BYTES_A_SECOND = 48_000


@dataclass
class Heard:
    """One stream as its listener met it: when each piece came (seconds since asking) and its bytes."""

    pieces: list[tuple[float, int]] = field(default_factory=list)
    status: int = 0

    @property
    def first_s(self) -> float:
        """From asking to the first sound."""
        return self.pieces[0][0]

    @property
    def length_s(self) -> float:
        """Of the sound."""
        return sum(size for _, size in self.pieces) / BYTES_A_SECOND

    @property
    def gap_s(self) -> float:
        """How long, in all, a player would have stood still that began with the first piece."""
        clock, stood = self.first_s, 0.0  # `clock`: when the player runs out
        for at, size in self.pieces:
            stood += max(0.0, at - clock)
            clock = max(clock, at) + size / BYTES_A_SECOND
        return stood


class Command(BaseCommand):
    """The measurement."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Its arguments."""
        parser.add_argument("--at", required=True, help="address of the process of streams")
        parser.add_argument("--pids", default="", help="name=pid,... of processes whose CPU time is told")
        parser.add_argument("--first", type=int, default=40, help="streams one after the other")
        parser.add_argument("--at-once", type=int, default=16, help="0 leaves this measure out")

    def handle(self, *args: object, at: str, pids: str, first: int, at_once: int, **options: object) -> None:
        """Make a voice, then listen.

        Raises:
            RuntimeError: a listener heard nothing.
        """
        story = Demo()._story(Console(sys.stdout), SPEECH / "ljspeech", 2)
        for act in (story.enrol, story.consent, story.record):
            act(story.second)
        story.finetune(story.second, "preview")
        processes = {name: int(pid) for name, _, pid in (pair.partition("=") for pair in pids.split(",") if pair)}
        for warm in range(3):
            _listen(at, story, SENTENCES[warm])
        before = _cpu(processes)
        heard = [_listen(at, story, SENTENCES[turn % len(SENTENCES)]) for turn in range(first)]
        self._tell_first(heard, before, _cpu(processes))
        if at_once:
            before = _cpu(processes)
            together = _together(at, story, at_once)
            self._tell_together(together, before, _cpu(processes))

    def _tell_first(self, heard: list[Heard], before: dict[str, float], after: dict[str, float]) -> None:
        times = np.array([one.first_s for one in heard]) * 1000
        middle, late = np.percentile(times, [50, 95])
        self.stdout.write(f"\nfirst audio, {len(heard)} streams one by one: p50 {middle:.0f} ms, p95 {late:.0f} ms")
        self.stdout.write(f"  asked: p95 <= 200 ms; best {times.min():.0f} ms, worst {times.max():.0f} ms")
        self._tell_cpu(heard, before, after)

    def _tell_together(self, heard: list[Heard], before: dict[str, float], after: dict[str, float]) -> None:
        gaps = [one.gap_s for one in heard]
        standing = sum(gap > 0 for gap in gaps)
        self.stdout.write(f"\n{len(heard)} at once: {standing} with a gap, longest {max(gaps):.2f} s (asked: 16, none)")
        firsts = np.array([one.first_s for one in heard])
        self.stdout.write(f"  first audio p50 {np.median(firsts):.2f} s, max {firsts.max():.2f} s")
        self._tell_cpu(heard, before, after)

    def _tell_cpu(self, heard: list[Heard], before: dict[str, float], after: dict[str, float]) -> None:
        sound_s = sum(one.length_s for one in heard)
        used = {name: after[name] - before[name] for name in after if after[name] - before[name] > 0.005}
        per = ", ".join(f"{name} {seconds / sound_s:.4f}" for name, seconds in used.items())
        whole = sum(used.values())
        self.stdout.write(f"  {sound_s:.0f} s of sound; CPU seconds for each: {whole / sound_s:.4f} ({per})")
        self.stdout.write(f"  CPU milliseconds for each stream: {1000 * whole / len(heard):.0f}")


def _listen(at: str, story: Story, text: str) -> Heard:
    """One stream, read as it comes."""
    address, heard = urlsplit(at), Heard()
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    body = {"voice_version": story.second.version["id"], "text": text, "use": USE, "format": "pcm"}
    headers = {"Authorization": f"Bearer {story.cast.producer.key}", "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", "/v1/streams", json.dumps(body), headers)
    answer = connection.getresponse()
    heard.status = answer.status
    if answer.status != 200:
        raise RuntimeError(answer.read().decode())
    while piece := answer.read1(1 << 16):
        heard.pieces.append((time.perf_counter() - began, len(piece)))
    connection.close()
    return heard


def _together(at: str, story: Story, count: int) -> list[Heard]:
    heard: list[Heard] = []
    listeners = [threading.Thread(target=lambda: heard.append(_listen(at, story, TEXT))) for _ in range(count)]
    for listener in listeners:
        listener.start()
    for listener in listeners:
        listener.join()
    if len(heard) < count:
        raise RuntimeError(f"{count - len(heard)} of {count} listeners heard nothing")
    return heard


def _cpu(processes: dict[str, int]) -> dict[str, float]:
    """CPU seconds of each process and all its children."""
    found = dict.fromkeys(processes, 0.0)
    for name, pid in processes.items():
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):  # a child may go while it is looked at
                times = process.cpu_times()
                found[name] += times.user + times.system
    return found
