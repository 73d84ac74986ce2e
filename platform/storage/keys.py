"""Per-owner keys: what seals a person's data, kept outside the database and outside its backups.

An owner is a person (by the random handle of the speaker) or a tenant. Each has versioned data keys
and one commitment key for the log. They lie wrapped in a record of their own, so that destroying
one person's record destroys everything that was ever sealed for that person, wherever copies of the
sealed bytes have gone - database pages, WAL, dumps, buckets.

Plaintext keys are kept in a process for `cache_s` seconds at most: none at all with files, a few
with KMS, where a key costs several calls over the network. An erasure waits that long after its
shred before it certifies, so that no process can still hold what the certificate calls destroyed.

What holds the records (`Shelf`) and what wraps the keys (`Wrapper`) are two seams: files and a root
key file in the embedded set-up (`keyfiles.py`), a bucket of its own and AWS KMS in production
(`keykms.py`). The rules below are the same for both.
"""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from uuid import UUID

from django.conf import settings

from problems.errors import Invalid
from storage.errors import KeyMissing, KeyShredded, ObjectExists, SealBroken
from storage.shelves import COMMITMENT, KeyRecord, Shelf, Wrapper

_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]{7,63}")


@dataclass(frozen=True)
class DataKey:
    """A data key (32 bytes) and its version, counted from 1."""

    version: int
    key: bytes


@dataclass(frozen=True)
class _Hot:
    """A record that was read a moment ago, with the keys that were unwrapped from it."""

    until: float
    record: KeyRecord
    keys: dict[str, bytes]


class KeyStore:
    """Keys by handle: make, use, rotate, shred.

    A handle is missing, live or shredded, and only ever moves forward.

    Args:
        cache_s: how long a process may go on with what it has read, in seconds of the monotonic clock.
    """

    def __init__(self, shelf: Shelf, wrapper: Wrapper, *, cache_s: float = 0) -> None:
        self._shelf = shelf
        self._wrapper = wrapper
        self._hot: dict[str, _Hot] = {}
        self.cache_s = cache_s

    def create(self, handle: str) -> None:
        """Make the keys of a new handle.

        Raises:
            ObjectExists: it has keys already.
            KeyShredded: it had keys and they were destroyed; a handle is never used again.
        """
        self._require(handle)
        record = KeyRecord(handle, {name: self._fresh(handle, name) for name in ("1", COMMITMENT)})
        self._shelf.write(handle, record.encode(), fresh=True)

    def ensure(self, handle: str) -> None:
        """Make the keys of a handle unless it has some; for tenants, whose handles are known beforehand.

        Raises:
            KeyShredded: they were destroyed.
        """
        try:
            self._record(handle)
        except KeyMissing:
            try:
                self.create(handle)
            except ObjectExists:
                pass  # a twin was faster, and its keys are as good

    def current(self, handle: str) -> DataKey:
        """The newest data key, for sealing.

        Raises:
            KeyMissing, KeyShredded.
        """
        record = self._record(handle)
        return DataKey(record.version, self._unwrap(record, str(record.version)))

    def of_version(self, handle: str, version: int) -> DataKey:
        """The data key of `version`, for opening what it sealed.

        Raises:
            KeyMissing: no such handle or version. KeyShredded.
        """
        return DataKey(version, self._unwrap(self._record(handle), str(version)))

    def commitment_key(self, handle: str) -> bytes:
        """The key (32 bytes) under which the log commits to this owner's facts. Never rotated.

        Raises:
            KeyMissing, KeyShredded.
        """
        return self._unwrap(self._record(handle), COMMITMENT)

    def rotate(self, handle: str) -> int:
        """Add a data key and make it the current one; the old ones still open what they sealed.

        Returns:
            The new version.

        Raises:
            KeyMissing, KeyShredded.
        """
        with self._shelf.writing():
            self._hot.pop(handle, None)
            record = self._record(handle)
            version = record.version + 1
            fresh = {str(version): self._fresh(handle, str(version))}
            self._shelf.write(handle, replace(record, wrapped=record.wrapped | fresh).encode(), fresh=False)
        self._hot.pop(handle, None)
        # Where the shelf cannot keep writers out, a shred may have come in between: it must win.
        if self._shelf.buried(handle):
            self._shelf.destroy(handle)
            raise KeyShredded(handle=handle)
        return version

    def shred(self, handle: str) -> None:
        """Destroy every key of the handle for good; safe to repeat.

        The tombstone comes first: from then on every use is refused, and a crash before the record
        is destroyed leaves a handle that is refused and still listed by `handles`, until this is
        called again.
        """
        _require_handle(handle)
        with self._shelf.writing():
            self._shelf.bury(handle)
            self._shelf.destroy(handle)
        self._hot.pop(handle, None)

    def exists(self, handle: str) -> bool:
        """Whether any key material of the handle is still there, usable or not."""
        return self._shelf.read(handle) is not None

    def shredded(self, handle: str) -> bool:
        """Whether the handle's keys were destroyed, or their destruction has begun."""
        return self._shelf.buried(handle)

    def handles(self) -> Iterator[str]:
        """Every handle that has key material."""
        return self._shelf.handles()

    def rewrap(self) -> int:
        """Wrap every key anew under the wrapper's present root; safe to repeat after a crash.

        Returns:
            How many handles were wrapped anew.
        """
        count = 0
        for handle in list(self._shelf.handles()):
            with self._shelf.writing():
                data = self._shelf.read(handle)
                if data is None or self._shelf.buried(handle):
                    continue
                record = KeyRecord.decode(data)
                anew = {name: self._wrap(handle, name, self._unwrap(record, name)) for name in record.wrapped}
                self._shelf.write(handle, replace(record, wrapped=anew).encode(), fresh=False)
                count += 1
        return count

    def ready(self) -> None:
        """Raises StoreUnavailable when the key store does not answer."""
        self._shelf.ready()

    def _require(self, handle: str) -> None:
        if self._shelf.buried(_require_handle(handle)):
            raise KeyShredded(handle=handle)

    def _record(self, handle: str) -> KeyRecord:
        hot = self._hot.get(handle)
        if hot is not None and hot.until > time.monotonic():
            return hot.record
        record = self._read(handle)
        if self.cache_s:
            now = time.monotonic()
            self._hot = {name: one for name, one in self._hot.items() if one.until > now}
            self._hot[handle] = _Hot(now + self.cache_s, record, {})
        return record

    def _read(self, handle: str) -> KeyRecord:
        self._require(handle)
        data = self._shelf.read(handle)
        if data is None:
            # Asked again, because the shred may have come between the two looks.
            self._require(handle)
            raise KeyMissing(handle=handle)
        record = KeyRecord.decode(data)
        if record.handle != handle:
            raise SealBroken("a key record lies under another's name")
        return record

    def _fresh(self, handle: str, name: str) -> bytes:
        return self._wrap(handle, name, os.urandom(32))

    def _wrap(self, handle: str, name: str, key: bytes) -> bytes:
        return self._wrapper.wrap(key, {"handle": handle, "name": name})

    def _unwrap(self, record: KeyRecord, name: str) -> bytes:
        if name not in record.wrapped:
            raise KeyMissing(handle=record.handle, version=name)
        hot = self._hot.get(record.handle)
        if hot is not None and hot.record is record and name in hot.keys:
            return hot.keys[name]
        key = self._wrapper.unwrap(record.wrapped[name], {"handle": record.handle, "name": name})
        if hot is not None and hot.record is record:
            hot.keys[name] = key
        return key


def tenant_handle(tenant_id: UUID) -> str:
    """The handle of a tenant's own keys."""
    return f"tenant-{tenant_id.hex}"


def _require_handle(handle: str) -> str:
    if not _HANDLE.fullmatch(handle):
        raise Invalid("not a handle of keys")
    return handle


@cache
def key_store() -> KeyStore:
    """The deployment's key store."""
    if settings.KEY_STORE == "kms":
        from storage.keykms import kms_key_store  # boto3 is slow to import and not needed elsewhere

        env = settings.ENV
        return kms_key_store(bucket=env.kms_bucket, key_id=env.kms_key_id, region=env.s3_region)
    from storage.keyfiles import directory_key_store

    return directory_key_store(settings.DATA_DIR / "keys")
