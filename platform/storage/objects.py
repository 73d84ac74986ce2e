"""The object store: bytes under names, the same whether they lie in S3 or in a directory.

What is stored is sealed before it comes here, except in the intake place, where uploads land until
ingest has sealed them; nothing relies on a bucket's own encryption, locks or policies, because
common servers accept those requests and ignore them. Names begin with the tenant's id; the log's
public files lie under `log/`.

Two places: `object_store()` for what stays and `intake_store()` for what is uploaded. Neither
keeps versions; `delete` still removes every version it finds, and `residue` tells what is left.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings

from problems.errors import Invalid

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
KEY_LIMIT = 512
BINARY = "application/octet-stream"


@dataclass(frozen=True)
class ObjectInfo:
    """A stored object: its name, its size in bytes, and when it was written (the store's clock)."""

    key: str
    size: int
    modified_at: datetime


@dataclass(frozen=True)
class PresignedPut:
    """Where a client may PUT one object, and the headers that have to come with it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)


class ObjectStore(Protocol):
    """Bytes under names.

    Every method raises StoreUnavailable when the store does not answer, and Invalid for a name
    that is not one. A `put` that raises StoreUnavailable may still have been stored.
    """

    def put(self, key: str, data: bytes, *, content_type: str = BINARY, if_absent: bool = False) -> None:
        """Store `data` whole under `key`; a reader sees the old object or the new one.

        `if_absent` always decides between writers who come one after another. Between writers at the
        same moment a directory and AWS decide too, but not every server does (OpenStack Swift lets
        both write): only the making of a tenant's keys relies on it, and `check_storage` tries it.

        Raises:
            ObjectExists: `if_absent`, and the name is taken. What is there is unchanged.
        """

    def get(self, key: str) -> bytes:
        """The object's bytes.

        Raises:
            ObjectMissing: there is none.
        """

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """Bytes [start, stop); fewer where the object ends before, none where it ends before `start`.

        Raises:
            ObjectMissing: there is none.
        """

    def head(self, key: str) -> ObjectInfo:
        """What is known about the object without reading it.

        Raises:
            ObjectMissing: there is none.
        """

    def delete(self, key: str) -> None:
        """Remove the object with its versions and unfinished uploads; no error when there is none."""

    def find(self, prefix: str) -> Iterator[ObjectInfo]:
        """The objects whose names begin with `prefix`, in the order of their names."""

    def residue(self, prefix: str) -> Iterator[str]:
        """Everything left under `prefix`: objects, old versions, delete markers, unfinished uploads."""

    def clear(self, prefix: str) -> int:
        """Remove everything that `residue` would name under `prefix`; returns how many things that were.

        For erasures: what a killed writer or an older version has left has no name that `delete` takes.

        Raises:
            Invalid: a prefix that is not at least a folder (`tenant/kind/`): too much would go.
        """

    def presign_put(self, key: str, *, size: int, content_type: str, expires_s: int) -> PresignedPut:
        """An address where anybody who has it may PUT exactly `size` bytes of `content_type`."""

    def ready(self) -> None:
        """Ask the store whether it would take a write now."""


def require_key(key: str) -> str:
    """`key`, if it is a name that every store can hold.

    Raises:
        Invalid: empty, too long, or with parts that a path could misuse.
    """
    if len(key) > KEY_LIMIT or not _KEY.fullmatch(key):
        raise Invalid("not a name for an object")
    return key


def require_folder(prefix: str) -> str:
    """`prefix`, if it names a folder at least two names deep.

    Raises:
        Invalid: shorter, or without its last slash (`t/k/1` would also be the beginning of `t/k/10`).
    """
    if not prefix.endswith("/") or prefix.count("/") < 2:
        raise Invalid("not a folder that may be cleared")
    require_key(prefix[:-1])
    return prefix


@cache
def object_store() -> ObjectStore:
    """Where sealed objects and the published log lie."""
    return _store("objects", settings.ENV.s3_bucket)


@cache
def intake_store() -> ObjectStore:
    """Where uploads land until ingest has sealed them. Unversioned; emptied by ingest and by the sweep."""
    return _store("intake", settings.ENV.s3_intake_bucket)


@cache
def ledger_store() -> ObjectStore:
    """Where signed notes lie that have to outlive the database and its backups (`erasure.ledger`).

    With KMS it is the bucket of the keys, which is outside the backups as well.
    """
    if settings.KEY_STORE == "kms":
        from storage.keykms import record_store  # boto3 is slow to import and not needed elsewhere

        return record_store(bucket=settings.ENV.kms_bucket, region=settings.ENV.s3_region)
    return _directory("ledger")


def _store(place: str, bucket: str) -> ObjectStore:
    if settings.OBJECT_STORE == "s3":
        from storage.s3 import S3Store, s3_client  # boto3 is slow to import and not needed elsewhere

        env = settings.ENV
        client = s3_client(env.s3_endpoint, env.s3_region, env.s3_access_key, env.s3_secret_key)
        return S3Store(client, bucket)
    return _directory(place)


def _directory(place: str) -> ObjectStore:
    from storage.directory import DirectoryStore  # these two import this module
    from storage.uploads import UploadSigner

    signer = UploadSigner(settings.SECRET_KEY, f"{settings.PUBLIC_URL}/v1/uploads/")
    # Uploads lie in clear until ingest has sealed them, so their bytes are overwritten at removal.
    return DirectoryStore(settings.DATA_DIR / place, signer, scrub=place == "intake")
