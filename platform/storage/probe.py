"""What a store really does, found out by doing it: the checks behind `manage.py check_storage`.

Common S3 servers accept requests that they then ignore, so nothing is believed before it was
tried. A needed check that fails means that a promise of the product would not hold on this store;
the others are told for the operator to judge.
"""

import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from problems.errors import DomainError
from storage import seal
from storage.directory import DirectoryStore
from storage.errors import KeyShredded, ObjectExists, UploadRefused
from storage.keys import KeyStore
from storage.objects import ObjectStore, PresignedPut

_RACES = 8


@dataclass(frozen=True)
class Finding:
    """One check: what was tried, whether it held, and whether the product needs it."""

    name: str
    held: bool
    needed: bool = True
    note: str = ""


class ObjectProbe:
    """Tries out an object store under names of its own and removes them again."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._key = f"probe/{secrets.token_hex(8)}"

    def run(self) -> Iterator[Finding]:
        """Every check in order; the store is left as it was."""
        checks: list[tuple[str, Callable[[], bool], bool]] = [
            ("a write is read back", self._reads_back, True),
            ("ranges", self._ranges, True),
            ("the second if-none-match write is refused", self._refuses_twin, True),
            ("names are listed in order", self._lists, True),
            ("a presigned upload arrives", self._presigned, True),
            ("a presigned upload of another length is refused", self._refuses_length, True),
            ("an altered signature is refused", self._refuses_signature, True),
            ("what is overwritten and deleted leaves no version", self._leaves_nothing, True),
            ("the place keeps no versions", self._unversioned, False),
        ]
        try:
            for name, check, needed in checks:
                yield _tried(name, check, needed)
        finally:
            for suffix in ("", "-a", "-b", "-up"):
                self._store.delete(self._key + suffix)

    def _reads_back(self) -> bool:
        self._store.put(self._key, b"0123456789")
        return self._store.get(self._key) == b"0123456789" and self._store.head(self._key).size == 10

    def _ranges(self) -> bool:
        return self._store.get_range(self._key, 3, 6) == b"345" and self._store.get_range(self._key, 50, 60) == b""

    def _refuses_twin(self) -> bool:
        try:
            self._store.put(self._key, b"twin", if_absent=True)
        except ObjectExists:
            return self._store.get(self._key) == b"0123456789"
        return False

    def _lists(self) -> bool:
        for suffix in ("-b", "-a"):
            self._store.put(self._key + suffix, b"")
        return [one.key for one in self._store.find(self._key + "-")] == [self._key + "-a", self._key + "-b"]

    def _presigned(self) -> bool:
        return self._upload(b"RIFF") and self._store.get(self._key + "-up") == b"RIFF"

    def _refuses_length(self) -> bool:
        return not self._upload(b"RIFF and more than was announced")

    def _refuses_signature(self) -> bool:
        return not self._upload(b"RIFF", spoil=True)

    def _leaves_nothing(self) -> bool:
        self._store.put(self._key, b"again")
        self._store.delete(self._key)
        return self._key not in [name.split(" ", 1)[0] for name in self._store.residue(self._key)]

    def _unversioned(self) -> bool:
        for data in (b"1", b"2"):
            self._store.put(self._key, data)
        return len(list(self._store.residue(self._key))) == 1 + len(["-a", "-b", "-up"])

    def _upload(self, data: bytes, *, spoil: bool = False) -> bool:
        address = self._store.presign_put(self._key + "-up", size=4, content_type="audio/wav", expires_s=60)
        url = address.url[:-4] + ("0000" if address.url[-4:] != "0000" else "1111") if spoil else address.url
        return _put(self._store, PresignedPut(url, address.headers), data)


class KeyProbe:
    """Tries out a key store with handles of its own, which it shreds at the end."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._handle = f"probe-{secrets.token_hex(8)}"

    def run(self) -> Iterator[Finding]:
        """Every check in order; tombstones stay behind."""
        yield _tried("keys are made and unwrapped", self._makes)
        yield _tried("of two who make the same keys at once one wins", self._makes_once)
        yield _tried("what a key sealed opens after a rotation", self._rotates)
        yield _tried("a shredded key is refused and leaves no record", self._shreds)

    def _makes(self) -> bool:
        self._store.create(self._handle)
        return len(self._store.current(self._handle).key) == 32

    def _makes_once(self) -> bool:
        handles = [f"{self._handle}-{number}" for number in range(_RACES)]
        with ThreadPoolExecutor(2) as pool:
            wins = [sum(pool.map(self._made, [handle, handle])) for handle in handles]
        for handle in handles:
            self._store.shred(handle)
        return wins == [1] * _RACES

    def _made(self, handle: str) -> bool:
        try:
            self._store.create(handle)
        except ObjectExists:
            return False
        return True

    def _rotates(self) -> bool:
        place = seal.Place("probe", self._handle, "probe", "probe", 1)
        sealed = seal.seal_whole(self._store.current(self._handle).key, place, b"probe")
        self._store.rotate(self._handle)
        return seal.open_whole(self._store.of_version(self._handle, 1).key, place, sealed) == b"probe"

    def _shreds(self) -> bool:
        self._store.shred(self._handle)
        try:
            self._store.current(self._handle)
        except KeyShredded:
            return not self._store.exists(self._handle)
        return False


def _tried(name: str, check: Callable[[], bool], needed: bool = True) -> Finding:
    try:
        return Finding(name, check(), needed)
    except DomainError as error:
        return Finding(name, False, needed, f"{error.code}: {error.__cause__ or error.detail}")


def _put(store: ObjectStore, address: PresignedPut, data: bytes) -> bool:
    """Whether the store took `data` at `address`."""
    if isinstance(store, DirectoryStore):
        token = address.url.rsplit("/", 1)[1]
        try:
            store.accept_put(token, size=len(data), content_type="audio/wav", read=lambda limit: data[:limit])
        except UploadRefused:
            return False
        return True
    headers = address.headers | {"Content-Length": str(len(data))}
    request = urllib.request.Request(address.url, data, headers, method="PUT")  # noqa: S310  # our own store's address
    try:
        with urllib.request.urlopen(request, timeout=20):  # noqa: S310  # the same
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
