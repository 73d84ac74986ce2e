"""One contract for every object store: run against a directory, moto, and a real S3 when one is named.

`CONSONANT_TEST_S3_ENDPOINT`, `_ACCESS_KEY` and `_SECRET_KEY` add a real server. What moto fakes
(signatures, sizes of presigned uploads) is only proved there and in the directory store.
"""

import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from problems.errors import Invalid
from storage.directory import DirectoryStore
from storage.errors import ObjectExists, ObjectMissing, UploadRefused
from storage.objects import ObjectStore, PresignedPut

KEY = "8c6d/recordings/0001"


def upload(store: ObjectStore, address: PresignedPut, data: bytes, headers: dict[str, str]) -> None:
    """PUT as a client does; the directory store's addresses are answered by our own API."""
    if isinstance(store, DirectoryStore):
        token = address.url.rsplit("/", 1)[1]
        body = iter([data])
        size = int(headers["Content-Length"])
        store.accept_put(token, size=size, content_type=headers["Content-Type"], read=lambda limit: next(body)[:limit])
        return
    request = urllib.request.Request(address.url, data, headers, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=10):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        raise UploadRefused from error


def test_what_is_put_is_read(store: ObjectStore) -> None:
    store.put(KEY, b"sealed bytes")
    assert store.get(KEY) == b"sealed bytes"
    store.put(KEY, b"other bytes")
    assert store.get(KEY) == b"other bytes"
    store.put("empty", b"")
    assert store.get("empty") == b""


@pytest.mark.parametrize(
    ("start", "stop", "found"),
    [(0, 3, b"abc"), (4, 100, b"efgh"), (7, 8, b"h"), (2, 2, b""), (8, 9, b""), (90, 99, b"")],
)
def test_ranges(store: ObjectStore, start: int, stop: int, found: bytes) -> None:
    store.put(KEY, b"abcdefgh")
    assert store.get_range(KEY, start, stop) == found


def test_head_tells_size_and_time(store: ObjectStore) -> None:
    store.put(KEY, b"12345")
    info = store.head(KEY)
    assert (info.key, info.size) == (KEY, 5)
    assert abs(datetime.now(UTC) - info.modified_at) < timedelta(minutes=5)


def test_what_is_not_there_is_missing(store: ObjectStore) -> None:
    store.put(f"{KEY}/deeper", b"x")
    for key in ("nothing", KEY, f"{KEY}/deeper/still"):
        for ask in (store.get, store.head, lambda name: store.get_range(name, 0, 1)):
            with pytest.raises(ObjectMissing):
                ask(key)


def test_only_if_absent(store: ObjectStore) -> None:
    store.put(KEY, b"first", if_absent=True)
    with pytest.raises(ObjectExists):
        store.put(KEY, b"second", if_absent=True)
    assert store.get(KEY) == b"first"


@pytest.mark.parametrize("kind", ["directory", "moto"])  # not every server decides this: Swift 2.38 does not
def test_of_sixteen_twins_one_writes(store: ObjectStore) -> None:
    def write(number: int) -> int | None:
        try:
            store.put(KEY, str(number).encode(), if_absent=True)
        except ObjectExists:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(write, range(16)) if number is not None]
    assert [str(number).encode() for number in winners] == [store.get(KEY)]


def test_find_lists_by_prefix_in_order(store: ObjectStore) -> None:
    for key in ("a/2", "a/10", "a/1/x", "ab", "b/1", "a.txt"):
        store.put(key, key.encode())
    assert [one.key for one in store.find("a/")] == ["a/1/x", "a/10", "a/2"]
    assert [one.key for one in store.find("a")] == ["a.txt", "a/1/x", "a/10", "a/2", "ab"]
    assert [one.key for one in store.find("c/")] == []
    assert len(list(store.find(""))) == 6


def test_what_is_deleted_leaves_no_residue(store: ObjectStore) -> None:
    for key in (KEY, KEY + "-neighbour"):
        store.put(key, b"1")
        store.put(key, b"2")
    store.delete(KEY)
    store.delete(KEY)
    store.delete("never/there")
    with pytest.raises(ObjectMissing):
        store.get(KEY)
    assert list(store.residue(KEY)) == [KEY + "-neighbour"]


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.b", ".part", "a b", "a\n", "ä", "x" * 513]
)
def test_names_that_a_path_could_misuse_are_refused(store: ObjectStore, key: str) -> None:
    for act in (store.get, store.head, store.delete, lambda name: store.put(name, b"")):
        with pytest.raises(Invalid):
            act(key)


def test_an_announced_upload_arrives(store: ObjectStore) -> None:
    address = store.presign_put(KEY, size=5, content_type="audio/wav", expires_s=60)
    assert address.headers == {"Content-Length": "5", "Content-Type": "audio/wav"}
    upload(store, address, b"RIFF!", address.headers)
    assert store.get(KEY) == b"RIFF!"


def test_length_and_type_are_among_what_is_signed(store: ObjectStore, kind: str) -> None:
    address = store.presign_put(KEY, size=5, content_type="audio/wav", expires_s=60)
    if kind != "directory":
        signed = parse_qs(urlsplit(address.url).query)["X-Amz-SignedHeaders"][0].split(";")
        assert {"content-length", "content-type"} <= set(signed)
    if kind != "moto":  # moto checks no signature
        for size, type_ in ((6, "audio/wav"), (4, "audio/wav"), (5, "text/html")):
            with pytest.raises(UploadRefused):
                upload(store, address, b"R" * size, {"Content-Length": str(size), "Content-Type": type_})
        with pytest.raises(ObjectMissing):
            store.head(KEY)


def test_ready(store: ObjectStore) -> None:
    store.ready()
