"""The platform's signing keys: one file each, made once.

The log and the certificates are signed by different keys, so that no certificate can ever be
passed off as a checkpoint. A key's name is written into its file: it is the log's identity and does
not follow a changed address. The file is not made anew when it is lost - a log with another key is
another log - so only set-up makes it, while there is nothing signed yet.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from audit.checkpoints import NoteRefused, Signer
from audit.errors import LogKeyMissing
from storage.files import write_whole

LOG, CERTIFICATE = "log-key", "certificate-key"


def signer_load(purpose: str) -> Signer:
    """The signing key for `purpose` (LOG or CERTIFICATE).

    Raises:
        LogKeyMissing: there is no such file, or it holds no key.
    """
    try:
        return Signer.parse(_path(purpose).read_text())
    except (OSError, NoteRefused) as error:
        raise LogKeyMissing(key=purpose) from error


def signer_ensure(purpose: str) -> Signer:
    """The signing key for `purpose`, made if there is none; for set-up and the first use alone."""
    if not _path(purpose).exists():
        host = settings.PUBLIC_URL.split("://", 1)[-1]
        fresh = Signer(f"{host}/{purpose.removesuffix('-key')}", Ed25519PrivateKey.generate())
        try:
            write_whole(_path(purpose), f"{fresh.encode()}\n".encode(), fresh=True)
        except FileExistsError:
            pass  # a twin was faster; its key is the one
    return signer_load(purpose)


def _path(purpose: str) -> Path:
    return Path(settings.DATA_DIR) / purpose
