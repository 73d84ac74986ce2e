"""Per-owner keys: what seals a person's data, kept outside the database and outside its backups.

An owner is a person (by the random handle of the speaker) or a tenant. Each has versioned data keys
and one commitment key for the log. They lie wrapped in a record of their own, so that destroying
one person's record destroys everything that was ever sealed for that person, wherever copies of the
sealed bytes have gone - database pages, WAL, dumps, buckets.

No plaintext key is cached: a key that is shredded here is unusable everywhere at once.

What holds the records (`Shelf`) and what wraps the keys (`Wrapper`) are two seams: files and a root
key file in the embedded set-up (`keyfiles.py`), a bucket of its own and AWS KMS in production
(`keykms.py`). The rules below are the same for both.
"""

import base64
import json
import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol
from uuid import UUID

from django.conf import settings

from problems.errors import Invalid
from storage.errors import KeyMissing, KeyShredded, ObjectExists, SealBroken

_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]{7,63}")
COMMITMENT = "commitment"


@dataclass(frozen=True)
class DataKey:
    """A data key (32 bytes) and its version, counted from 1."""

    version: int
    key: bytes


class Wrapper(Protocol):
    """Encrypts keys under something that never leaves its own place."""

    def wrap(self, key: bytes, context: dict[str, str]) -> bytes:
        """`key` wrapped; `context` is bound to it and has to be given again."""

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """The key again.

        Raises:
            SealBroken: altered, or wrapped in another context.
        """


class Shelf(Protocol):
    """Holds one record and one tombstone per handle; writes are durable when they return."""

    def read(self, handle: str) -> bytes | None:
        """The record, None when there is none."""

    def write(self, handle: str, record: bytes, *, fresh: bool) -> None:
        """Store the record whole; `fresh` raises ObjectExists when there is one."""

    def destroy(self, handle: str) -> None:
        """Make the record unreadable and remove it, with every version; no error when there is none."""

    def bury(self, handle: str) -> None:
        """Set the tombstone; safe to repeat."""

    def buried(self, handle: str) -> bool:
        """Whether the tombstone stands."""

    def handles(self) -> Iterator[str]:
        """Every handle that has a record."""

    def writing(self) -> AbstractContextManager[None]:
        """Keeps other writers out where the place can do that."""

    def ready(self) -> None:
        """Raises StoreUnavailable when the place does not answer."""


@dataclass(frozen=True)
class _Record:
    """A handle's wrapped keys by name: "1", "2", ... and "commitment"."""

    handle: str
    wrapped: dict[str, bytes]

    @property
    def version(self) -> int:
        return max(int(name) for name in self.wrapped if name != COMMITMENT)

    def encode(self) -> bytes:
        keys = {name: base64.b64encode(data).decode() for name, data in self.wrapped.items()}
        return json.dumps({"v": 1, "handle": self.handle, "keys": keys}, sort_keys=True).encode()

    @classmethod
    def decode(cls, data: bytes) -> "_Record":
        fields = json.loads(data)
        if fields["v"] != 1:
            raise SealBroken("a key record of an unknown version")
        return cls(fields["handle"], {name: base64.b64decode(text) for name, text in fields["keys"].items()})


class KeyStore:
    """Keys by handle: make, use, rotate, shred.

    A handle is missing, live or shredded, and only ever moves forward.
    """

    def __init__(self, shelf: Shelf, wrapper: Wrapper) -> None:
        self._shelf = shelf
        self._wrapper = wrapper

    def create(self, handle: str) -> None:
        """Make the keys of a new handle.

        Raises:
            ObjectExists: it has keys already.
            KeyShredded: it had keys and they were destroyed; a handle is never used again.
        """
        self._require(handle)
        record = _Record(handle, {name: self._fresh(handle, name) for name in ("1", COMMITMENT)})
        self._shelf.write(handle, record.encode(), fresh=True)

    def ensure(self, handle: str) -> None:
        """Make the keys of a handle unless it has some; for tenants, whose handles are known beforehand.

        Raises:
            KeyShredded: they were destroyed.
        """
        self._require(handle)
        if self._shelf.read(handle) is None:
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
            record = self._record(handle)
            version = record.version + 1
            fresh = {str(version): self._fresh(handle, str(version))}
            self._shelf.write(handle, replace(record, wrapped=record.wrapped | fresh).encode(), fresh=False)
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
                record = _Record.decode(data)
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

    def _record(self, handle: str) -> _Record:
        self._require(handle)
        data = self._shelf.read(handle)
        if data is None:
            # Asked again, because the shred may have come between the two looks.
            self._require(handle)
            raise KeyMissing(handle=handle)
        record = _Record.decode(data)
        if record.handle != handle:
            raise SealBroken("a key record lies under another's name")
        return record

    def _fresh(self, handle: str, name: str) -> bytes:
        return self._wrap(handle, name, os.urandom(32))

    def _wrap(self, handle: str, name: str, key: bytes) -> bytes:
        return self._wrapper.wrap(key, {"handle": handle, "name": name})

    def _unwrap(self, record: _Record, name: str) -> bytes:
        if name not in record.wrapped:
            raise KeyMissing(handle=record.handle, version=name)
        return self._wrapper.unwrap(record.wrapped[name], {"handle": record.handle, "name": name})


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
