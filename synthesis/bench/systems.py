"""Who speaks in the comparison: the recordings, our voices, and the synthesisers the distribution brings.

Each is asked for 16 kHz mono at one level (-26 dBFS over the loud frames), because measures hang on level and
band. A program that is not installed is left out of the table, and the table says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from synthesis.engine import BINS, Engine, VoiceState
from synthesis.tts.text import english, normalise

RATE_HZ = 16_000
LEVEL_DB = -26.0
Floats = NDArray[np.float32]
PACKAGES = ("espeak-ng", "flite", "festival", "festvox-us-slt-hts")  # of Debian and Ubuntu


@dataclass(frozen=True)
class Prompt:
    """A text that was read, and the recording of it."""

    name: str
    text: str
    recording: Path


@dataclass(frozen=True)
class System:
    """One way to make a prompt sound.

    Args:
        name: as it stands in the table.
        say: sound (T,) and its rate.
        kind: "ceiling", "part" (the recording with some of it made, see `losses`), "ours", "peer" or "floor".
    """

    name: str
    say: Callable[[Prompt], tuple[Floats, int]]
    kind: str


def recordings() -> System:
    """The person who read the prompts."""
    return System("recording", lambda prompt: read(prompt.recording), "ceiling")


def engine(name: str, made: Engine, voice: VoiceState, seed: int = 0, language: str = "en") -> System:
    """A voice of ours; measured without a mark, as the mark has a bench of its own."""

    def say(prompt: Prompt) -> tuple[Floats, int]:
        return made.render(made.prepare(prompt.text, language=language), voice, gain=unmarked, seed=seed), made.rate_hz

    return System(name, say, "ours")


def programs() -> tuple[list[System], list[str]]:
    """Synthesisers that are installed, and the names of those that are not."""
    known = {
        "espeak-ng": ["espeak-ng", "-v", "en-us", "-w", "{wav}", "{text}"],
        "flite slt": ["flite", "-voice", "slt", "-t", "{text}", "-o", "{wav}"],
        "flite rms": ["flite", "-voice", "rms", "-t", "{text}", "-o", "{wav}"],
        "festival slt hts": ["text2wave", "-eval", "(voice_cmu_us_slt_arctic_hts)", "-o", "{wav}", "{file}"],
    }
    found = [System(name, _program(command), "floor") for name, command in known.items() if shutil.which(command[0])]
    return found, [name for name, command in known.items() if not shutil.which(command[0])]


def install() -> None:
    """Let apt-get install what `programs` speaks with; needs root.

    Raises:
        SystemExit: no apt-get here, no right to use it, or no such package.
    """
    if all(shutil.which(name) for name in ("espeak-ng", "flite", "text2wave")):
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES]
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise SystemExit(f"installing needs root and apt-get; the packages are {' '.join(PACKAGES)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        made = subprocess.run(step, env=quiet, capture_output=True, text=True, check=False)
    if made.returncode:
        raise SystemExit(f"{' '.join(command)}: {made.stderr.strip()[-400:]}")


def levelled(samples: Floats, rate_hz: int) -> Floats:
    """16 kHz mono with its loud frames at -26 dBFS, below full scale."""
    sound = np.asarray(soxr.resample(samples, rate_hz, RATE_HZ), np.float32)
    blocks = sound[: len(sound) // 320 * 320].reshape(-1, 320).astype(np.float64)
    power = np.square(blocks).mean(1)
    loud = power[power > power.max(initial=0.0) * 10**-3.5]
    if not loud.size or loud.mean() < 1e-10:
        return sound
    gain = 10 ** (LEVEL_DB / 20) / np.sqrt(loud.mean())
    return np.asarray(sound * min(float(gain), 0.99 / float(np.abs(sound).max())), np.float32)


def unmarked(first_frame: int, frames: int) -> Floats:
    """The gain field of no mark."""
    return np.ones((frames, BINS), np.float32)


def read(path: Path) -> tuple[Floats, int]:
    """A sound file as mono (T,), and its rate."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return samples.mean(1), int(rate_hz)


def _program(command: list[str]) -> Callable[[Prompt], tuple[Floats, int]]:
    def say(prompt: Prompt) -> tuple[Floats, int]:
        # All get the same words: a difference in reading figures is no difference in sound.
        text = normalise.english(prompt.text, known=english.known)
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "said.wav"
            file = Path(folder) / "said.txt"
            file.write_text(text, encoding="utf-8")
            filled = [part.format(wav=wav, text=text, file=file) for part in command]
            subprocess.run(filled, check=True, capture_output=True)
            return read(wav)

    return say
