"""What only a directory has: crashes, full disks, parts of interrupted writes, upload tokens."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage import files
from storage.directory import DirectoryStore
from storage.errors import StoreUnavailable, UploadRefused
from storage.uploads import UploadSigner

SIGNER = UploadSigner("s" * 50, "http://testserver/v1/uploads/")
WRITER = """
import sys
from pathlib import Path
from storage import files
path, number = Path(sys.argv[1]), 0
while True:
    number += 1
    files.write_whole(path, f"{number:08d}".encode() * 40_000)
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for attempt in range(8):  # 0 torn of 8 bounds the rate at 3/8: the argument is in the code, this is a smoke test
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], env=environment) as writer:
            while not path.exists():
                time.sleep(0.005)
            time.sleep(0.05 + attempt * 0.007)
            writer.send_signal(signal.SIGKILL)
        data = path.read_bytes()
        assert data == data[:8] * 40_000
        assert len(data) == 320_000
    files.remove(path)
    assert list(path.parent.iterdir()) == []


def test_a_part_of_an_interrupted_write_is_residue_and_goes_with_the_object(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, SIGNER)
    store.put("t1/rec", b"whole")
    (tmp_path / "t1" / ".rec.0011.part").write_bytes(b"half")
    (tmp_path / "t1" / ".other.0011.part").write_bytes(b"half")
    assert [one.key for one in store.find("t1/")] == ["t1/rec"]
    assert list(store.residue("t1/rec")) == ["t1/.rec.0011.part", "t1/rec"]
    store.delete("t1/rec")
    assert list(store.residue("t1/")) == ["t1/.other.0011.part"]
    store.delete("t1/other")
    assert list(store.residue("t1/")) == []


def test_a_part_whose_object_never_was_goes_with_its_folder(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, SIGNER)
    store.put("t1/voices/whole", b"whole")
    (tmp_path / "t1" / "voices" / ".never.0011.part").write_bytes(b"half of a voice")
    assert store.clear("t1/voices/") == 2
    assert list(store.residue("")) == []


def test_the_intake_overwrites_what_it_removes(tmp_path: Path) -> None:
    """Seen through a second name of the same file, since the first is gone."""
    store = DirectoryStore(tmp_path / "intake", SIGNER, scrub=True)
    store.put("t1/voice", b"a person speaking")
    kept = tmp_path / "second-name"
    kept.hardlink_to(tmp_path / "intake" / "t1" / "voice")
    store.delete("t1/voice")
    assert kept.read_bytes() == bytes(len(b"a person speaking"))


def test_files_are_for_us_alone(tmp_path: Path) -> None:
    DirectoryStore(tmp_path / "store", SIGNER).put("t1/voice", b"x")
    assert (tmp_path / "store" / "t1" / "voice").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "store" / "t1").stat().st_mode & 0o777 == 0o700


def test_a_place_that_takes_no_writes_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = DirectoryStore(tmp_path / "file" / "below", SIGNER)
    with pytest.raises(StoreUnavailable):
        store.ready()
    with pytest.raises(StoreUnavailable):
        store.put("key", b"")


def token(size: int = 4, expires_s: int = 60, signer: UploadSigner = SIGNER) -> str:
    return signer.url("t1/up", size=size, content_type="audio/wav", expires_s=expires_s).rsplit("/", 1)[1]


@pytest.mark.parametrize(
    ("given", "size", "type_", "body"),
    [
        ("junk", 4, "audio/wav", b"RIFF"),
        (token(signer=UploadSigner("t" * 50, "http://testserver/")), 4, "audio/wav", b"RIFF"),
        (token(expires_s=-1), 4, "audio/wav", b"RIFF"),
        (token(), 5, "audio/wav", b"RIFF!"),
        (token(), 4, "audio/wav", b"RIFF!"),  # the header lies
        (token(), 4, "audio/wav", b"RIF"),  # the connection broke
        (token(), 4, "text/html", b"RIFF"),
    ],
)
def test_an_upload_that_is_not_the_announced_one_is_refused(
    tmp_path: Path, given: str, size: int, type_: str, body: bytes
) -> None:
    store = DirectoryStore(tmp_path, SIGNER)
    with pytest.raises(UploadRefused):
        store.accept_put(given, size=size, content_type=type_, read=lambda limit: body[:limit])
    assert list(store.residue("")) == []


def test_the_token_is_bound_to_one_name(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, SIGNER)
    store.accept_put(token(), size=4, content_type="audio/wav", read=lambda limit: b"RIFF"[:limit])
    assert [one.key for one in store.find("")] == ["t1/up"]
