"""The object store in an S3 bucket, through boto3.

Uses only what every server we tried really does: put, get, ranges, If-None-Match, listing,
presigned PUT with signed length and type. Objects come here sealed; the bucket's own encryption
is not relied on. The credentials need no right over the bucket's settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from storage.errors import ObjectExists, ObjectMissing, StoreUnavailable
from storage.objects import BINARY, ObjectInfo, PresignedPut, require_folder, require_key

_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"412", "PreconditionFailed"}
_PAST_THE_END = {"416", "InvalidRange", "RequestedRangeNotSatisfiable"}


def s3_client(endpoint: str, region: str, access_key: str, secret_key: str) -> Any:
    """A boto3 client; `endpoint` is empty for AWS itself, the keys are for an instance's own role."""
    # Checksums only where the protocol requires them: older servers reject the newer trailers, and
    # what we store is authenticated by its seal.
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"} if endpoint else {},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": 3},
        connect_timeout=3,
        read_timeout=20,
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region,
        aws_access_key_id=access_key or None,
        aws_secret_access_key=secret_key or None,
        config=config,
    )


class S3Store:
    """Objects of one bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, key: str, data: bytes, *, content_type: str = BINARY, if_absent: bool = False) -> None:
        """See ObjectStore. A time-out leaves nothing or the whole object; S3 has no half ones."""
        condition = {"IfNoneMatch": "*"} if if_absent else {}
        with _translated(key):
            try:
                self._client.put_object(**self._name(key), Body=data, ContentType=content_type, **condition)
            except ClientError as error:
                # The library tries again by itself: a first try that was stored, and answered with an error all
                # the same, makes the second one find its own object.
                if _code(error) not in _TAKEN or not _tried_again(error) or self.get(key) != data:
                    raise

    def get(self, key: str) -> bytes:
        """See ObjectStore."""
        with _translated(key):
            found: bytes = self._client.get_object(**self._name(key))["Body"].read()
        return found

    def get_range(self, key: str, start: int, stop: int) -> bytes:
        """See ObjectStore."""
        if stop <= start:
            self.head(key)
            return b""
        with _translated(key):
            try:
                answer = self._client.get_object(**self._name(key), Range=f"bytes={start}-{stop - 1}")
            except ClientError as error:
                if _code(error) in _PAST_THE_END:
                    return b""
                raise
            found: bytes = answer["Body"].read()
        return found

    def head(self, key: str) -> ObjectInfo:
        """See ObjectStore."""
        with _translated(key):
            found = self._client.head_object(**self._name(key))
        return ObjectInfo(key, found["ContentLength"], found["LastModified"])

    def delete(self, key: str) -> None:
        """See ObjectStore. Looks for versions although none should be kept: somebody may have switched them on."""
        with _translated(key):
            self._client.delete_object(**self._name(key))
            for version in self._versions(key):
                if version["Key"] == key:
                    self._client.delete_object(Bucket=self._bucket, Key=key, VersionId=version["VersionId"])
            for upload in self._unfinished(key):
                if upload["Key"] == key:
                    self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload["UploadId"])

    def find(self, prefix: str) -> Iterator[ObjectInfo]:
        """See ObjectStore."""
        with _translated(prefix):
            for one in self._pages("list_objects_v2", prefix, "Contents"):
                yield ObjectInfo(one["Key"], one["Size"], one["LastModified"])

    def residue(self, prefix: str) -> Iterator[str]:
        """See ObjectStore."""
        with _translated(prefix):
            present = {one.key for one in self.find(prefix)}
            yield from sorted(present)
            for version in self._versions(prefix):
                if not (version.get("IsLatest") and version["Key"] in present):
                    yield f"{version['Key']} (version {version['VersionId']})"
            for upload in self._unfinished(prefix):
                yield f"{upload['Key']} (unfinished upload)"

    def clear(self, prefix: str) -> int:
        """See ObjectStore. Safe to repeat after a crash."""
        names = {name.split(" ", 1)[0] for name in self.residue(require_folder(prefix))}
        for name in names:
            self.delete(name)
        return len(names)

    def presign_put(self, key: str, *, size: int, content_type: str, expires_s: int) -> PresignedPut:
        """See ObjectStore; length and type are among the signed headers."""
        signed = {**self._name(key), "ContentLength": size, "ContentType": content_type}
        url = self._client.generate_presigned_url("put_object", Params=signed, ExpiresIn=expires_s)
        return PresignedPut(url, {"Content-Length": str(size), "Content-Type": content_type})

    def ready(self) -> None:
        """See ObjectStore."""
        try:
            with _translated(self._bucket):
                self._client.head_bucket(Bucket=self._bucket)
        except ObjectMissing as error:
            raise StoreUnavailable("the bucket is not there") from error

    def _name(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": require_key(key)}

    def _versions(self, prefix: str) -> Iterator[dict[str, Any]]:
        yield from self._pages("list_object_versions", prefix, "Versions", "DeleteMarkers")

    def _unfinished(self, prefix: str) -> Iterator[dict[str, Any]]:
        yield from self._pages("list_multipart_uploads", prefix, "Uploads")

    def _pages(self, operation: str, prefix: str, *parts: str) -> Iterator[dict[str, Any]]:
        for page in self._client.get_paginator(operation).paginate(Bucket=self._bucket, Prefix=prefix):
            for part in parts:
                yield from page.get(part, [])


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _tried_again(error: ClientError) -> bool:
    return bool(error.response.get("ResponseMetadata", {}).get("RetryAttempts"))


@contextmanager
def _translated(key: str) -> Iterator[None]:
    """S3's errors as the domain's own."""
    try:
        yield
    except ClientError as error:
        if _code(error) in _MISSING:
            raise ObjectMissing(key=key) from error
        if _code(error) in _TAKEN:
            raise ObjectExists(key=key) from error
        raise StoreUnavailable from error
    except BotoCoreError as error:
        raise StoreUnavailable from error
