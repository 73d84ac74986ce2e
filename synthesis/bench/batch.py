"""What many voices cost: `python -m synthesis.bench.batch [--voices N]`.

A batch of sixteen voices beside sixteen rows of one voice without an adapter and of one with one, the time to read
an adapter and lay it into the stack, and the memory of a worker that has spoken in a thousand. Times are CPU time;
adapters are drawn, not trained, which costs the same.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch

from synthesis.commands import WEIGHTS
from synthesis.enginehost import EngineHost
from synthesis.neural import NeuralEngine, NeuralVoice
from synthesis.tts import adapter, batch, symbols
from synthesis.tts.adapter import Adapter
from synthesis.tts.batch import Step
from synthesis.tts.stack import VoiceStack
from synthesis.tts.voice import NEXT_PIECES, BaseVoice, Voice

TEXT = "ɐ lˈoʊ sˈʌn wˈɔːɹmz ðɪ ˈoʊld hˈɑːɹbɚ wˌaɪl mˈɛni bˈoʊts sˈeɪl hˈoʊm ɐɡˈɛn ˌʌndɚɹ ɐ kwˈaɪət mˈuːn."
ROWS, TURNS = 16, 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m synthesis.bench.batch", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--voices", type=int, default=1000)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    base = BaseVoice.load(asked.weights)
    files = [_file(base, number) for number in range(ROWS)]
    voices = [_voice(data) for data in files]
    plain = Voice(voices[0].vector)
    stack = VoiceStack(base.config.acoustic)
    times = _alternating(
        lambda: _batch(base, stack, [plain] * ROWS),
        lambda: _batch(base, stack, voices[:1] * ROWS),
        lambda: _batch(base, stack, voices),
    )
    one, tuned, many = (1000 * seconds for seconds in times)
    _say(f"{ROWS} rows of {NEXT_PIECES} frames: one voice without an adapter {one:.0f} ms, with one {tuned:.0f} ms")
    _say(f"  {ROWS} voices {many:.0f} ms: {many / tuned:.2f} of one voice with, {many / one:.2f} of one without")
    _say("  (asked: 1.25)")
    single = 1000 * _alternating(lambda: _singles(base, stack, voices))[0]
    _say(f"  the same {ROWS} pieces one by one: {single:.0f} ms")
    swap = 1000 * statistics.median(_swap(base, data) for data in files)
    _say(f"load and swap of an adapter of {len(files[0]) // 1000} kB: {swap:.1f} ms (asked: 5)")
    _memory(base, asked.voices)


def _alternating(*acts: Callable[[], Callable[[], object]]) -> list[float]:
    """Median CPU seconds of what each act has made ready, in turns, so that what else goes on meets them alike."""
    found: list[list[float]] = [[] for _ in acts]
    for turn in range(TURNS + 1):
        for number, act in enumerate(acts):
            work = act()
            began = time.process_time()
            work()
            if turn:
                found[number].append(time.process_time() - began)
    return [statistics.median(times) for times in found]


def _batch(base: BaseVoice, stack: VoiceStack, voices: list[Voice]) -> Callable[[], object]:
    """A piece of a sentence for each voice; the sentences are read here, outside what is measured."""
    begun = {id(voice): base.begin(symbols.ids(TEXT), voice, seed=1) for voice in voices}
    steps = [Step(copy.deepcopy(begun[id(voice)]), voice, _flat, NEXT_PIECES) for voice in voices]
    return lambda: batch.pieces(base.acoustic, base.vocoder, steps, stack.person)


def _singles(base: BaseVoice, stack: VoiceStack, voices: list[Voice]) -> Callable[[], object]:
    """The same, one after the other."""
    each = [_batch(base, stack, [voice]) for voice in voices]
    return lambda: [work() for work in each]


def _file(base: BaseVoice, seed: int) -> bytes:
    dice = torch.Generator().manual_seed(seed)
    shapes = adapter.shapes(base.config.acoustic)
    return Adapter(
        base.sha256, {name: 0.01 * torch.randn(shape, generator=dice) for name, shape in shapes.items()}
    ).to_bytes()


def _voice(data: bytes) -> Voice:
    loaded = Adapter.from_bytes(data)
    return Voice(loaded.tensors["voice"].numpy(), loaded)


def _swap(base: BaseVoice, data: bytes) -> float:
    stack = VoiceStack(base.config.acoustic)
    stack.person([_voice(data)])  # the stack has room
    began = time.process_time()
    stack.person([_voice(data)])
    return time.process_time() - began


def _memory(base: BaseVoice, count: int) -> None:
    """As a worker has them: each read from a file of its own and kept by its cache, with a row while it lives."""
    before = _resident()
    engine = NeuralEngine(base)
    host = EngineHost(lambda: engine)
    stack = VoiceStack(base.config.acoustic)
    for number in range(count):
        opened = host.voice(str(number), partial(_file, base, number))
        stack.person([cast(NeuralVoice, opened).voice])
    grown = _resident() - before
    _say(f"{count} voices, one after the other: {len(host.held())} still in the cache, {len(stack)} in the stack")
    _say(f"  stack {stack.nbytes / 2**20:.0f} MiB, process grown by {grown:.0f} MiB (asked: 1,000 within 1 GB)")


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def _flat(first: int, frames: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.ones((frames, 513), np.float32)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
