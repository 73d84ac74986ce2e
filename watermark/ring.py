"""The ring of mark keys: one master in the data folder, an epoch for every rotation.

Every process that marks or searches reads the same file (`DATA_DIR/mark-key`, readable by its owner
only; on several hosts it is one mounted secret). It is small and read afresh for every use, so a
rotation is in force at once and everywhere. A rotation adds an epoch and takes none away: old marks
stay readable. Losing the file means that no old mark can be found again: it belongs in the operator's
key backup, and it is no person's key - an erasure leaves it alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

from django.conf import settings

from watermark.codec.errors import BadKeyFile
from watermark.codec.keys import KEY_BYTES, KEY_FILE_VERSION, MarkKey, read_key_file
from watermark.errors import MarkKeyMissing


def live_keys() -> list[MarkKey]:
    """The keys of all epochs, newest first; the first of them marks new outputs.

    Outside production a missing file is made, so that a laptop needs no extra step.

    Raises:
        MarkKeyMissing: there is no key, or the file is damaged.
    """
    path = _path()
    if not path.exists() and settings.MODE != "production":
        _place(path, _line(token_hex(KEY_BYTES), epochs=1), replace=False)
    try:
        return read_key_file(path)
    except (OSError, BadKeyFile) as fault:
        raise MarkKeyMissing() from fault


def key_of(epoch: int) -> MarkKey:
    """The key of one epoch.

    Raises:
        MarkKeyMissing: the file does not reach that far: another deployment's, or an old copy of ours.
    """
    for key in live_keys():
        if key.epoch == epoch:
            return key
    raise MarkKeyMissing()


def stands() -> bool:
    """Whether this host has the key file."""
    return _path().exists()


def rotate() -> int:
    """Begin a new epoch (or make the first key) and return its number."""
    path = _path()
    if not path.exists():
        _place(path, _line(token_hex(KEY_BYTES), epochs=1), replace=False)
        return 0
    newest = live_keys()[0]
    _place(path, _line(newest.master.hex(), epochs=newest.epoch + 2), replace=True)
    return newest.epoch + 1


def _path() -> Path:
    path: Path = settings.DATA_DIR / "mark-key"
    return path


def _line(master: str, *, epochs: int) -> str:
    return f"{KEY_FILE_VERSION} {master} {epochs}\n"


def _place(path: Path, text: str, *, replace: bool) -> None:
    """Write whole or not at all; of two processes that make the first key, one wins and both use it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    except FileExistsError:
        pass  # the other process was first: its key is the key
    finally:
        draft.unlink(missing_ok=True)
