"""Files that a crash leaves whole, and files that are gone when they are gone.

Used by the directory object store and the directory key store. Nothing here knows what the bytes
mean.
"""

import os
import secrets
from pathlib import Path

PART = ".part"


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable; without this a rename may be lost with the power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """`folder` and its parents, each durable in the one above, readable by us alone."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:  # would read as "the name is taken" to our callers
        raise NotADirectoryError(str(folder)) from error
    sync_folder(folder.parent)


def write_whole(path: Path, data: bytes, *, fresh: bool = False) -> None:
    """Write `data` under `path` so that a reader sees the old bytes, or all of the new ones.

    A crash before the name is given leaves a `.NAME.*.part` beside it and the old state; a crash
    after it leaves the new state. `parts_of` finds such leavings.

    Args:
        fresh: refuse when the name is taken (decided by the file system, not by looking first).

    Raises:
        FileExistsError: `fresh`, and the name is taken; nothing was changed.
    """
    make_folder(path.parent)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}{PART}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            path.hardlink_to(part)  # unlike a rename, this fails when the name exists
        else:
            part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def parts_of(path: Path) -> list[Path]:
    """What interrupted writes of `path` have left beside it."""
    return sorted(path.parent.glob(f".{path.name}.*{PART}"))


def remove(path: Path, *, scrub: bool = False) -> None:
    """Remove a file and what interrupted writes of it have left; no error when there is none.

    Args:
        scrub: overwrite the bytes first. On journals, copy-on-write systems and flash the old
            blocks may survive that; it narrows what lies about, it proves nothing. What must be
            provably gone is sealed, and its key goes.
    """
    found = [one for one in (path, *parts_of(path)) if one.exists()]
    for one in found:
        if scrub:
            _overwrite(one)
        one.unlink(missing_ok=True)
    if found:
        sync_folder(path.parent)


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())
