"""The programs the channels run through, and how to get them.

Only real codecs count, so a missing program stops the bench with the line that installs it.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

PROGRAMS = {
    "ffmpeg": "ffmpeg",
    "sox": "sox",
    "lame": "lame",
    "opusenc": "opus-tools",
    "toast": "libgsm-tools",
    "c2enc": "codec2",
    "speexenc": "speex",
}
PACKAGES = [*PROGRAMS.values(), "libsox-fmt-all"]  # the last brings GSM and AMR (opencore-amr) into sox
INSTALL = ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]

Floats = npt.NDArray[np.float32]


class ToolMissing(RuntimeError):
    """A codec is not installed; the message says how to get it."""


def require() -> None:
    """Stop unless every program is there."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        raise ToolMissing(
            f"missing: {', '.join(missing)}; run `python -m watermark.bench setup` or {' '.join(INSTALL)}"
        )


def install() -> None:
    """The bench's own set-up step: Debian or Ubuntu, as root."""
    subprocess.run(INSTALL, check=True)


def through(samples: Floats, rate_hz: int, *commands: Sequence[str], out: str = "out.wav") -> tuple[Floats, int]:
    """Run a clip through commands in a directory of their own: `in.wav` goes in, `out` is read back.

    `.raw` files are 16 bit, 8 kHz, mono.
    """
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        soundfile.write(folder / "in.wav", np.clip(samples, -1.0, 1.0), rate_hz, subtype="PCM_16")
        for command in commands:
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        if out.endswith(".raw"):
            return np.fromfile(folder / out, "<i2").astype(np.float32) / 32768.0, 8000
        made, rate = soundfile.read(folder / out, dtype="float32")
        return made, int(rate)
