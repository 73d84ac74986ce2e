"""The key store for production: AWS KMS wraps, a bucket of its own holds the records.

KMS never sees data, only 32-byte keys with their handle as encryption context, which KMS binds and
writes to CloudTrail. One KMS key serves all: a KMS key per person would take 7 to 30 days to delete,
while a wrapped record is gone when its object is. So the bucket must keep no versions, no
replication and no backups; `manage.py check_storage` looks for versions.

Tested against moto, which checks calls, contexts and versions but no rights and no durability: no
account is at hand in tests. `check_storage` is the probe to run against the real one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from storage.errors import ObjectMissing, SealBroken, StoreUnavailable
from storage.keys import KeyStore
from storage.objects import ObjectStore
from storage.s3 import S3Store, s3_client

CACHE_S = 5.0  # as long as an erasure may take to stop all use
_RECORDS, _TOMBSTONES = "records/", "gone/"


class BucketShelf:
    """Records and tombstones as objects of a bucket that holds nothing else."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, handle: str) -> bytes | None:
        """See Shelf."""
        try:
            return self._store.get(_RECORDS + handle)
        except ObjectMissing:
            return None

    def write(self, handle: str, record: bytes, *, fresh: bool) -> None:
        """See Shelf."""
        self._store.put(_RECORDS + handle, record, if_absent=fresh)

    def destroy(self, handle: str) -> None:
        """See Shelf."""
        self._store.delete(_RECORDS + handle)

    def bury(self, handle: str) -> None:
        """See Shelf."""
        self._store.put(_TOMBSTONES + handle, b"")

    def buried(self, handle: str) -> bool:
        """See Shelf."""
        try:
            self._store.head(_TOMBSTONES + handle)
        except ObjectMissing:
            return False
        return True

    def handles(self) -> Iterator[str]:
        """See Shelf."""
        left = self._store.residue(_RECORDS)
        yield from sorted({name.removeprefix(_RECORDS).split(" ", 1)[0] for name in left})

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See Shelf: a bucket has no locks, so the tombstone is asked again after every write."""
        yield

    def ready(self) -> None:
        """See Shelf."""
        self._store.ready()


class KmsWrapper:
    """Wraps under one symmetric KMS key."""

    def __init__(self, client: Any, key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def wrap(self, key: bytes, context: dict[str, str]) -> bytes:
        """See Wrapper."""
        try:
            answer = self._client.encrypt(KeyId=self._key_id, Plaintext=key, EncryptionContext=context)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable from error
        wrapped: bytes = answer["CiphertextBlob"]
        return wrapped

    def unwrap(self, wrapped: bytes, context: dict[str, str]) -> bytes:
        """See Wrapper."""
        try:
            answer = self._client.decrypt(KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext=context)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"InvalidCiphertextException", "IncorrectKeyException"}:
                raise SealBroken("a wrapped key does not open") from error
            raise StoreUnavailable from error
        except BotoCoreError as error:
            raise StoreUnavailable from error
        key: bytes = answer["Plaintext"]
        return key


def kms_key_store(*, bucket: str, key_id: str, region: str) -> KeyStore:
    """The key store of a production deployment; credentials are those of the instance's role."""
    shelf = BucketShelf(record_store(bucket=bucket, region=region))
    return KeyStore(shelf, KmsWrapper(boto3.client("kms", region_name=region), key_id), cache_s=CACHE_S)


def record_store(*, bucket: str, region: str) -> ObjectStore:
    """The bucket of the records: keys, tombstones and the ledger."""
    return S3Store(s3_client("", region, "", ""), bucket)
