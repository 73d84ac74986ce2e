"""The key store in files: for a laptop, the demo and the tests.

Records lie in one directory, root keys in another beside it; neither belongs into the database's
backups. A record is destroyed by overwriting and unlinking it. On flash and copy-on-write disks old
blocks can outlive that, so `retire_root` goes further: it wraps everything anew under a new root key
and destroys the old one, after which leftover blocks of records open with nothing that exists.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage import files
from storage.errors import ObjectExists, SealBroken, StoreUnavailable
from storage.keys import KeyStore

_RECORD, _TOMBSTONE, _ROOT = ".key", ".gone", ".root"


class FileShelf:
    """Records and tombstones as files of one directory (0700, files 0600)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, handle: str) -> bytes | None:
        """See Shelf."""
        try:
            return self._record(handle).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, handle: str, record: bytes, *, fresh: bool) -> None:
        """See Shelf. A crash leaves the old record or the new one, and perhaps a part."""
        try:
            files.write_whole(self._record(handle), record, fresh=fresh)
        except FileExistsError as error:
            raise ObjectExists(handle=handle) from error
        except OSError as error:
            raise StoreUnavailable from error

    def destroy(self, handle: str) -> None:
        """See Shelf; parts of interrupted writes hold wrapped keys too, and go with the record."""
        if self._folder.is_dir():
            files.remove(self._record(handle), scrub=True)

    def bury(self, handle: str) -> None:
        """See Shelf."""
        files.write_whole(self._folder / f"{handle}{_TOMBSTONE}", b"")

    def buried(self, handle: str) -> bool:
        """See Shelf."""
        return (self._folder / f"{handle}{_TOMBSTONE}").exists()

    def handles(self) -> Iterator[str]:
        """See Shelf. A part of an interrupted write counts: it holds key material."""
        found = {path.name.removeprefix(".").split(".", 1)[0] for path in self._folder.glob(f"*{_RECORD}*")}
        found |= {path.name[1:].split(".", 1)[0] for path in self._folder.glob(f".*{_RECORD}.*{files.PART}")}
        yield from sorted(found)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See Shelf: one writer at a time; the kernel lets go when the process dies."""
        files.make_folder(self._folder)
        with (self._folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def ready(self) -> None:
        """See Shelf."""
        files.make_folder(self._folder)
        if not os.access(self._folder, os.W_OK):
            raise StoreUnavailable("the key directory takes no writes")

    def _record(self, handle: str) -> Path:
        return self._folder / f"{handle}{_RECORD}"


class RootKeyWrapper:
    """AES-256-GCM under numbered root key files; the highest number is the present one.

    A wrapped key is: root number u32 | nonce 12 | ciphertext and tag. Files are read at each use, so
    that a root that was destroyed by another process is not kept alive here.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def wrap(self, key: bytes, context: dict[str, str]) -> bytes:
        """See Wrapper."""
        number, nonce = self.present(), os.urandom(12)
        sealed = AESGCM(self._root(number)).encrypt(nonce, key, _bound(context, number))
        return number.to_bytes(4, "big") + nonce + sealed

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """See Wrapper."""
        number = int.from_bytes(wrapped[:4], "big")
        try:
            return AESGCM(self._root(number)).decrypt(wrapped[4:16], wrapped[16:], _bound(context, number))
        except (InvalidTag, ValueError, FileNotFoundError) as error:
            raise SealBroken("a wrapped key does not open") from error

    def numbers(self) -> list[int]:
        """The root keys that exist."""
        return sorted(int(path.stem) for path in self._folder.glob(f"*{_ROOT}"))

    def present(self) -> int:
        """The root key in use; made at the first call."""
        if not self.numbers():
            try:
                self.add(1)
            except FileExistsError:
                pass  # a twin made it between our two looks
        return self.numbers()[-1]

    def add(self, number: int) -> None:
        """Make a new root key, which is the present one from now on."""
        files.write_whole(self._path(number), os.urandom(32), fresh=True)

    def destroy(self, number: int) -> None:
        """Overwrite and remove a root key."""
        files.remove(self._path(number), scrub=True)

    def _root(self, number: int) -> bytes:
        return self._path(number).read_bytes()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:04d}{_ROOT}"


def _bound(context: dict[str, str], number: int) -> bytes:
    return f"consonant key v1|{number}|{context['handle']}|{context['name']}".encode()


def directory_key_store(folder: Path) -> KeyStore:
    """The key store under `folder`: `records` and `roots`."""
    return KeyStore(FileShelf(folder / "records"), RootKeyWrapper(folder / "roots"))


def retire_root(folder: Path) -> int:
    """Wrap everything under `folder` anew under a new root key and destroy the old ones.

    Safe to repeat: a crash leaves both roots and records of either; the next call goes on.

    Returns:
        How many handles were wrapped anew.
    """
    wrapper = RootKeyWrapper(folder / "roots")
    old = wrapper.numbers()
    wrapper.add(old[-1] + 1 if old else 1)
    count = KeyStore(FileShelf(folder / "records"), wrapper).rewrap()
    for number in old:
        wrapper.destroy(number)
    return count
