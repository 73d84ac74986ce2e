"""The measuring tools' own environment, made at first use below `var/`.

Resemblyzer and DNSMOS bring librosa and numba, which the product does not want. They are installed beside it,
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
WHOLE = ("librosa==0.11.0", "onnxruntime==1.31.1", "pesq==0.0.4", "pystoi==0.4.1", "webrtcvad==2.0.10")


def python(folder: Path) -> Path:
    """The interpreter of the measuring environment below `folder`; makes it where it is missing.

    Raises:
        subprocess.CalledProcessError: a package could not be installed; pip says which.
    """
    home = folder / "environment"
    interpreter, done = home / "bin" / "python", home / "done"
    wanted = " ".join((*BARE, *WHOLE))
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return interpreter
    sys.stderr.write("making the measuring environment (once, some minutes)\n")
    venv.create(home, with_pip=True, clear=True)
    site = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (site / "product.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    _pip(interpreter, "--no-deps", *BARE)
    _pip(interpreter, *WHOLE)
    done.write_text(wanted, encoding="utf-8")
    return interpreter


def _pip(interpreter: Path, *arguments: str) -> None:
    command = [str(interpreter), "-m", "pip", "install", "--quiet", *arguments]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        sys.stderr.write(made.stderr)
        raise subprocess.CalledProcessError(made.returncode, command)
