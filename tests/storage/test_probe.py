"""The probe tells the truth: all good on a good store, and each lie of a bad one by its name."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from storage.directory import DirectoryStore
from storage.jobs import intake_sweep
from storage.keyfiles import FileShelf, RootKeyWrapper, directory_key_store
from storage.keys import KeyStore
from storage.objects import ObjectStore
from storage.probe import Finding, KeyProbe, ObjectProbe
from storage.s3 import S3Store
from storage.uploads import UploadSigner

SIGNER = UploadSigner("s" * 50, "http://testserver/v1/uploads/")


def failed(findings: list[Finding]) -> list[str]:
    return [one.name for one in findings if not one.held]


def test_a_store_passes_and_is_left_empty(make_store: Callable[[], ObjectStore], kind: str) -> None:
    store = make_store()
    findings = list(ObjectProbe(store).run())
    faked = {"a presigned upload of another length is refused", "an altered signature is refused"}
    assert set(failed(findings)) == (faked if kind == "moto" else set())
    assert list(store.residue("")) == []


def test_a_bucket_with_versions_is_told(s3: Any) -> None:
    s3.create_bucket(Bucket="versioned-probe")
    s3.put_bucket_versioning(Bucket="versioned-probe", VersioningConfiguration={"Status": "Enabled"})
    store = S3Store(s3, "versioned-probe")
    findings = {one.name: one.held for one in ObjectProbe(store).run()}
    assert not findings["the place keeps no versions"]
    assert findings["what is overwritten and deleted leaves no version"]
    assert list(store.residue("")) == []
    store.put("t1/voices/1", b"old")
    store.put("t1/voices/1", b"new")
    s3.delete_object(Bucket="versioned-probe", Key="t1/voices/1")  # leaves two versions and a marker
    s3.create_multipart_upload(Bucket="versioned-probe", Key="t1/voices/2")
    assert store.clear("t1/voices/") == 2
    assert list(store.residue("")) == []


def test_an_unfinished_upload_is_residue_and_is_aborted(s3: Any) -> None:
    s3.create_bucket(Bucket="multipart-probe")
    started = s3.create_multipart_upload(Bucket="multipart-probe", Key="t1/voice")
    s3.upload_part(
        Bucket="multipart-probe", Key="t1/voice", PartNumber=1, UploadId=started["UploadId"], Body=b"a voice"
    )
    store = S3Store(s3, "multipart-probe")
    assert list(store.residue("t1/")) == ["t1/voice (unfinished upload)"]
    assert store.clear("t1/voice/") == 0
    assert list(store.residue("t1/")) != []
    store.delete("t1/voice")
    assert list(store.residue("t1/")) == []


class Forgetful(DirectoryStore):
    """Overwrites although it was told not to, and never deletes."""

    def put(self, key: str, data: bytes, *, content_type: str = "", if_absent: bool = False) -> None:
        super().put(key, data)

    def delete(self, key: str) -> None:
        """Says yes and does nothing."""


def test_a_store_that_lies_is_found_out(tmp_path: Path) -> None:
    assert failed(list(ObjectProbe(Forgetful(tmp_path, SIGNER)).run())) == [
        "the second if-none-match write is refused",
        "what is overwritten and deleted leaves no version",
    ]


def test_the_key_store_passes_and_keeps_a_tombstone_alone(tmp_path: Path) -> None:
    store = directory_key_store(tmp_path)
    assert failed(list(KeyProbe(store).run())) == []
    assert list(store.handles()) == []


def test_a_key_store_where_twins_both_win_is_found_out(tmp_path: Path) -> None:
    class Overwriting(FileShelf):
        def write(self, handle: str, record: bytes, *, fresh: bool) -> None:
            super().write(handle, record, fresh=False)

    store = KeyStore(Overwriting(tmp_path / "records"), RootKeyWrapper(tmp_path / "roots"))
    assert failed(list(KeyProbe(store).run())) == ["of two who make the same keys at once one wins"]


def test_a_key_store_that_does_not_destroy_is_found_out(tmp_path: Path) -> None:
    store = directory_key_store(tmp_path)

    class Hoarder(KeyStore):
        def shred(self, handle: str) -> None:
            """Says yes and does nothing."""

    hoarder = Hoarder.__new__(Hoarder)
    hoarder.__dict__.update(store.__dict__)
    assert failed(list(KeyProbe(hoarder).run())) == ["a shredded key is refused and leaves no record"]


@pytest.mark.parametrize(("hours", "left"), [(23, 1), (25, 0)])
def test_the_intake_is_swept_after_a_day(tmp_path: Path, hours: int, left: int) -> None:
    store = DirectoryStore(tmp_path, SIGNER, scrub=True)
    tenant_id = uuid4()
    store.put(f"{tenant_id}/forgotten", b"a voice in clear")
    store.put(f"{uuid4()}/another-tenants", b"a voice in clear")
    later = datetime.now(UTC) + timedelta(hours=hours)
    assert intake_sweep(tenant_id=tenant_id, store=store, now=later) == 1 - left
    assert len(list(store.residue(""))) == 1 + left
