"""Keys by handle: one contract for files and for KMS, and what a crash or a race leaves."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from problems.errors import Invalid
from storage import keyfiles
from storage.errors import KeyMissing, KeyShredded, ObjectExists, SealBroken
from storage.keyfiles import FileShelf, RootKeyWrapper, directory_key_store, retire_root
from storage.keykms import BucketShelf, KmsWrapper
from storage.keys import KeyStore
from storage.s3 import S3Store
from storage.shelves import Shelf, Wrapper

PERSON = "a1b2c3d4e5f60718"


@pytest.fixture
def kms(moto_url: str) -> Iterator[Any]:
    client = boto3.client(
        "kms", endpoint_url=moto_url, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
    yield client
    client.close()


@pytest.fixture(params=["files", "kms"])
def seams(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Shelf, Wrapper]:
    if request.param == "files":
        return FileShelf(tmp_path / "records"), RootKeyWrapper(tmp_path / "roots")
    s3, kms = request.getfixturevalue("s3"), request.getfixturevalue("kms")
    bucket = f"keys-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=bucket)
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    return BucketShelf(S3Store(s3, bucket)), KmsWrapper(kms, key_id)


@pytest.fixture
def store(seams: tuple[Shelf, Wrapper]) -> KeyStore:
    return KeyStore(*seams)


def test_keys_of_a_handle_are_its_own_and_stay(store: KeyStore) -> None:
    store.create(PERSON)
    store.create("somebody-else")
    key = store.current(PERSON)
    assert (key.version, len(key.key)) == (1, 32)
    assert store.current(PERSON) == store.of_version(PERSON, 1) == key
    assert len({key.key, store.commitment_key(PERSON), store.current("somebody-else").key}) == 3
    assert list(store.handles()) == [PERSON, "somebody-else"]


def test_a_handle_is_made_once(store: KeyStore) -> None:
    store.create(PERSON)
    key = store.current(PERSON)
    with pytest.raises(ObjectExists):
        store.create(PERSON)
    store.ensure(PERSON)
    assert store.current(PERSON) == key
    store.ensure("tenant-0001")
    assert store.exists("tenant-0001")


def test_rotation_adds_a_version_and_keeps_the_old_ones_and_the_commitment(store: KeyStore) -> None:
    store.create(PERSON)
    first, commitment = store.current(PERSON), store.commitment_key(PERSON)
    assert store.rotate(PERSON) == 2
    assert store.current(PERSON).version == 2
    assert store.current(PERSON).key != first.key
    assert store.of_version(PERSON, 1) == first
    assert store.commitment_key(PERSON) == commitment


def test_after_a_shred_nothing_is_left_and_nothing_comes_back(store: KeyStore) -> None:
    store.create(PERSON)
    store.rotate(PERSON)
    store.shred(PERSON)
    store.shred(PERSON)
    assert not store.exists(PERSON)
    assert store.shredded(PERSON)
    assert list(store.handles()) == []
    for act in (store.current, store.commitment_key, store.rotate, store.create, store.ensure):
        with pytest.raises(KeyShredded):
            act(PERSON)
    with pytest.raises(KeyShredded):
        store.of_version(PERSON, 1)


def test_a_handle_that_was_never_made_is_missing(store: KeyStore) -> None:
    for act in (store.current, store.commitment_key, store.rotate):
        with pytest.raises(KeyMissing):
            act(PERSON)
    store.create(PERSON)
    with pytest.raises(KeyMissing):
        store.of_version(PERSON, 2)
    assert not store.shredded("never-made")


@pytest.mark.parametrize(
    "handle", ["", "short", "../../etc/passwd", "UPPERCASE1", "with space", "x" * 65, "dotted.key"]
)
def test_handles_that_a_path_could_misuse_are_refused(store: KeyStore, handle: str) -> None:
    for act in (store.create, store.current, store.shred, store.ensure):
        with pytest.raises(Invalid):
            act(handle)


def test_a_crash_between_tombstone_and_destruction_refuses_and_can_be_finished(seams: tuple[Shelf, Wrapper]) -> None:
    shelf, wrapper = seams
    store = KeyStore(shelf, wrapper)
    store.create(PERSON)
    shelf.bury(PERSON)
    with pytest.raises(KeyShredded):
        store.current(PERSON)
    assert store.exists(PERSON)
    assert list(store.handles()) == [PERSON]
    store.shred(PERSON)
    assert not store.exists(PERSON)


def test_a_rotation_that_a_shred_overtakes_leaves_nothing(seams: tuple[Shelf, Wrapper]) -> None:
    shelf, wrapper = seams

    class Overtaken(type(shelf)):  # type: ignore[misc]  # a stand-in of whichever shelf is under test
        def write(self, handle: str, record: bytes, *, fresh: bool) -> None:
            if not fresh:  # the rotation has read; now the shred comes in between
                shelf.bury(handle)
                shelf.destroy(handle)
            shelf.write(handle, record, fresh=fresh)

    slow = Overtaken.__new__(Overtaken)
    slow.__dict__.update(shelf.__dict__)
    store = KeyStore(slow, wrapper)
    store.create(PERSON)
    with pytest.raises(KeyShredded):
        store.rotate(PERSON)
    assert not store.exists(PERSON)


class Counting(FileShelf):
    """Counts how often a record is read."""

    reads = 0

    def read(self, handle: str) -> bytes | None:
        self.reads += 1
        return super().read(handle)


@pytest.mark.parametrize(("cache_s", "reads"), [(0.0, 20), (60.0, 1)])
def test_what_was_read_is_used_for_its_time_and_no_longer(tmp_path: Path, cache_s: float, reads: int) -> None:
    shelf, wrapper = Counting(tmp_path / "records"), RootKeyWrapper(tmp_path / "roots")
    store = KeyStore(shelf, wrapper, cache_s=cache_s)
    store.create(PERSON)
    shelf.reads = 0
    assert len({store.commitment_key(PERSON) for _ in range(20)}) == 1
    assert shelf.reads == reads
    store.rotate(PERSON)
    assert store.current(PERSON).version == 2
    store.shred(PERSON)
    with pytest.raises(KeyShredded):
        store.commitment_key(PERSON)


def test_another_process_goes_on_with_a_shredded_key_for_the_cache_time_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("storage.keys.time.monotonic", lambda: now[0])
    shelf, wrapper = FileShelf(tmp_path / "records"), RootKeyWrapper(tmp_path / "roots")
    mine, other = (KeyStore(shelf, wrapper, cache_s=5) for _ in range(2))
    mine.create(PERSON)
    key = other.current(PERSON)
    mine.shred(PERSON)
    now[0] += 4.9
    assert other.current(PERSON) == key
    now[0] += 0.2
    with pytest.raises(KeyShredded):
        other.current(PERSON)


def test_records_cannot_be_swapped_or_altered(seams: tuple[Shelf, Wrapper]) -> None:
    shelf, wrapper = seams
    store = KeyStore(shelf, wrapper)
    store.create(PERSON)
    store.create("somebody-else")
    mine, other = shelf.read(PERSON), shelf.read("somebody-else")
    assert mine is not None
    assert other is not None
    shelf.write(PERSON, other, fresh=False)
    with pytest.raises(SealBroken):
        store.current(PERSON)
    shelf.write(PERSON, other.replace(b"somebody-else", PERSON.encode()), fresh=False)
    with pytest.raises(SealBroken):
        store.current(PERSON)


def test_no_key_lies_in_clear(tmp_path: Path) -> None:
    store = directory_key_store(tmp_path)
    store.create(PERSON)
    secrets_ = [store.current(PERSON).key, store.commitment_key(PERSON)]
    for path in (tmp_path / "records").rglob("*"):
        if path.is_file():
            assert not any(key in path.read_bytes() or key.hex().encode() in path.read_bytes() for key in secrets_)
            assert path.stat().st_mode & 0o777 == 0o600


def test_without_its_root_key_a_record_is_worth_nothing(tmp_path: Path) -> None:
    store = directory_key_store(tmp_path)
    store.create(PERSON)
    (tmp_path / "roots" / "0001.root").write_bytes(secrets.token_bytes(32))
    with pytest.raises(SealBroken):
        store.current(PERSON)


def test_a_shredded_record_is_overwritten_before_it_is_unlinked(tmp_path: Path) -> None:
    store = directory_key_store(tmp_path)
    store.create(PERSON)
    kept = tmp_path / "second-name"
    kept.hardlink_to(tmp_path / "records" / f"{PERSON}.key")
    store.shred(PERSON)
    assert set(kept.read_bytes()) == {0}


def test_a_part_of_an_interrupted_write_counts_as_key_material(tmp_path: Path) -> None:
    store = directory_key_store(tmp_path)
    store.create(PERSON)
    (tmp_path / "records" / f".{PERSON}.key.00ff.part").write_bytes(b"half a record")
    (tmp_path / "records" / f"{PERSON}.key").unlink()
    assert list(store.handles()) == [PERSON]
    store.shred(PERSON)
    assert list(store.handles()) == []


def test_retiring_the_root_keeps_the_living_and_makes_old_copies_worthless(tmp_path: Path) -> None:
    store = directory_key_store(tmp_path)
    for handle in (PERSON, "somebody-else"):
        store.create(handle)
    kept, copy = store.current("somebody-else"), (tmp_path / "records" / f"{PERSON}.key").read_bytes()
    store.shred(PERSON)
    assert retire_root(tmp_path) == 1
    assert store.current("somebody-else") == kept
    # A copy of the record from before, put back with its tombstone taken away:
    (tmp_path / "records" / f"{PERSON}.gone").unlink()
    (tmp_path / "records" / f"{PERSON}.key").write_bytes(copy)
    with pytest.raises(SealBroken):
        store.current(PERSON)


@pytest.mark.parametrize("crash_at", range(4))
def test_retiring_the_root_can_be_finished_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    store = directory_key_store(tmp_path)
    for handle in (PERSON, "somebody-else"):
        store.create(handle)
    before = {handle: store.current(handle) for handle in store.handles()}
    writes = iter(range(100))

    def crashing(act: Callable[..., None]) -> Callable[..., None]:
        def once(*args: Any, **kwargs: Any) -> None:
            if next(writes) == crash_at:
                raise KeyboardInterrupt
            act(*args, **kwargs)

        return once

    with monkeypatch.context() as patch:
        patch.setattr(keyfiles.files, "write_whole", crashing(keyfiles.files.write_whole))
        patch.setattr(keyfiles.files, "remove", crashing(keyfiles.files.remove))
        with pytest.raises(KeyboardInterrupt):
            retire_root(tmp_path)
    assert {handle: store.current(handle) for handle in store.handles()} == before
    retire_root(tmp_path)
    assert {handle: store.current(handle) for handle in store.handles()} == before
    assert len(RootKeyWrapper(tmp_path / "roots").numbers()) == 1
