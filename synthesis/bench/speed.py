"""How fast a voice speaks, how soon its first sound is there and how much memory it takes.

Run in a fresh process with one thread (`python -m synthesis.bench.speed WEIGHTS`), so that nothing else is in
memory; prints one JSON object. CPU seconds decide, wall time is told beside them: on a shared machine only the
first is steady.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthesis.engine import BINS, Engine, load_engine

TEXTS = (
    "Your appointment is on Thursday at half past three.",
    "The quick brown fox jumps over the lazy dog, and nobody knows why it does so.",
    "Thank you for calling, please hold the line.",
)
ROUNDS = 4


def _unmarked(first_frame: int, frames: int) -> NDArray[np.float32]:
    return np.ones((frames, BINS), np.float32)


def peak_memory_mb() -> float:
    """The most memory this process has held. Not from getrusage, which hands on what the parent held."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(engine: Engine) -> dict[str, float]:
    """Real-time factor, first sound and peak memory of one thread."""
    voice = engine.base_voice()
    engine.render(engine.prepare(TEXTS[0]), voice, gain=_unmarked)  # the first call fills caches
    seconds = cpu = wall = 0.0
    firsts: list[tuple[float, float]] = []
    for number in range(ROUNDS * len(TEXTS)):
        began, began_cpu = time.perf_counter(), time.process_time()
        said = engine.prepare(TEXTS[number % len(TEXTS)])
        chunks = engine.stream(said, voice, gain=_unmarked, seed=number)
        size = len(next(chunks))
        firsts.append((time.perf_counter() - began, time.process_time() - began_cpu))
        size += sum(map(len, chunks))
        seconds += size / engine.rate_hz
        cpu, wall = cpu + time.process_time() - began_cpu, wall + time.perf_counter() - began
    return {
        "rtf_whole": whole(engine), "rtf_cpu": cpu / seconds, "rtf_wall": wall / seconds,
        "first_ms_cpu": 1000 * float(np.median([cpu for _, cpu in firsts])),
        "first_ms_wall": 1000 * float(np.median([wall for wall, _ in firsts])),
        "memory_mb": peak_memory_mb(),
    }  # fmt: skip


def whole(engine: Engine) -> float:
    """Real-time factor of whole sentences, CPU seconds per second of sound."""
    voice, seconds, began = engine.base_voice(), 0.0, time.process_time()
    for text in TEXTS:
        seconds += len(engine.render(engine.prepare(text), voice, gain=_unmarked)) / engine.rate_hz
    return (time.process_time() - began) / seconds


def main(name: str, weights: str) -> None:
    """Measure one engine with one thread and print the numbers."""
    if name.startswith("neural"):
        import torch

        torch.set_num_threads(1)
    sys.stdout.write(json.dumps(measure(load_engine(name, Path(weights)))) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
