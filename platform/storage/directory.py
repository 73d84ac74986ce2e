"""The object store in a directory: for a laptop, the demo and the tests.

The same promises as a bucket, by the file system's means: a name is given to whole bytes only, and
"only if absent" is decided by the kernel. Content types are not kept, because nothing asks for
them after the upload was checked. One machine's disk is one machine's disk: no copies.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from storage import files
from storage.errors import ObjectExists, ObjectMissing, StoreUnavailable
from storage.objects import BINARY, ObjectInfo, PresignedPut, require_folder, require_key
from storage.uploads import UploadSigner, require_match


class DirectoryStore:
    """Objects as files under `root`.

    Args:
        root: made when missing.
        signer: makes upload addresses that our own API answers (`storage.uploads`).
        scrub: overwrite the bytes of what is removed; for the intake, where they lie in clear.
    """

    def __init__(self, root: Path, signer: UploadSigner, *, scrub: bool = False) -> None:
        self._root = root
        self._signer = signer
        self._scrub = scrub

    def put(self, key: str, data: bytes, *, content_type: str = BINARY, if_absent: bool = False) -> None:
        """See ObjectStore. A crash leaves the old state, and perhaps a part that `residue` lists."""
        try:
            files.write_whole(self._path(key), data, fresh=if_absent)
        except FileExistsError as error:
            raise ObjectExists(key=key) from error
        except OSError as error:  # a full disk, most of the time
            raise StoreUnavailable from error

    def get(self, key: str) -> bytes:
        """See ObjectStore."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissing(key=key) from error
        except OSError as error:
            raise StoreUnavailable from error

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """See ObjectStore."""
        try:
            with self._path(key).open("rb") as file:
                file.seek(start)
                return file.read(max(0, stop - start))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise ObjectMissing(key=key) from error
        except OSError as error:
            raise StoreUnavailable from error

    def head(self, key: str) -> ObjectInfo:
        """See ObjectStore."""
        path = self._path(key)
        try:
            return self._info(path) if path.is_file() else self._missing(key)
        except FileNotFoundError:
            return self._missing(key)

    def delete(self, key: str) -> None:
        """See ObjectStore. Safe to repeat after a crash; what an interrupted write left goes too."""
        path = self._path(key)
        try:
            if path.parent.is_dir():
                files.remove(path, scrub=self._scrub)
        except OSError as error:
            raise StoreUnavailable from error

    def find(self, prefix: str) -> Iterator[ObjectInfo]:
        """See ObjectStore."""
        for path in self._files(prefix):
            if not path.name.startswith("."):
                try:
                    yield self._info(path)
                except FileNotFoundError:
                    continue  # removed while we looked

    def residue(self, prefix: str) -> Iterator[str]:
        """See ObjectStore; a directory has no versions, but it may hold parts of interrupted writes."""
        for path in self._files(prefix):
            yield path.relative_to(self._root).as_posix()

    def clear(self, prefix: str) -> int:
        """See ObjectStore. Safe to repeat after a crash."""
        found = self._files(require_folder(prefix))
        for path in found:
            files.remove(path, scrub=self._scrub)
        return len(found)

    def presign_put(self, key: str, *, size: int, content_type: str, expires_s: int) -> PresignedPut:
        """See ObjectStore; the address is one of our own API."""
        url = self._signer.url(require_key(key), size=size, content_type=content_type, expires_s=expires_s)
        return PresignedPut(url, {"Content-Length": str(size), "Content-Type": content_type})

    def accept_put(self, token: str, *, size: int, content_type: str, read: Callable[[int], bytes]) -> None:
        """Take an upload that came to an address of `presign_put`, as S3 would.

        Args:
            token: the last part of the address.
            size, content_type: what the request's headers say; checked before a byte is read.
            read: reads up to so many bytes of the body.

        Raises:
            UploadRefused: not our token, too late, or not the announced length or type.
        """
        upload = self._signer.read(token)
        require_match(upload, size=size, content_type=content_type)
        data = read(upload.size + 1)
        require_match(upload, size=len(data), content_type=content_type)
        self.put(upload.key, data)

    def ready(self) -> None:
        """See ObjectStore."""
        try:
            files.make_folder(self._root)
            free = os.statvfs(self._root).f_bavail
        except OSError as error:
            raise StoreUnavailable from error
        if not free or not os.access(self._root, os.W_OK):
            raise StoreUnavailable("the directory takes no writes")

    def _path(self, key: str) -> Path:
        return self._root / require_key(key)

    def _info(self, path: Path) -> ObjectInfo:
        found = path.stat()
        key = path.relative_to(self._root).as_posix()
        return ObjectInfo(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _missing(self, key: str) -> ObjectInfo:
        raise ObjectMissing(key=key)

    def _files(self, prefix: str) -> list[Path]:
        """Every file whose object's name begins with `prefix`, ordered by name as S3 orders them."""
        folder = self._root / prefix.rpartition("/")[0]
        found = []
        for path in folder.rglob("*"):
            name = path.relative_to(self._root).as_posix()
            if _object_of(name).startswith(prefix) and path.is_file():
                found.append((name, path))
        return [path for _, path in sorted(found)]


def _object_of(name: str) -> str:
    """The object that a file belongs to: itself, or the one whose interrupted write it is."""
    folder, slash, last = name.rpartition("/")
    if last.startswith(".") and last.endswith(files.PART):
        last = last[1:].rsplit(".", 2)[0]
    return folder + slash + last
