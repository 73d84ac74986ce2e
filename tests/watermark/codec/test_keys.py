"""Keys: derived apart, never printed, kept in files for one pair of eyes."""

import hashlib
import hmac

import pytest

from watermark.codec.errors import BadKeyFile
from watermark.codec.keys import MarkKey, check_of, derive, keystream, read_key_file, write_key_file


def test_derivation_is_hkdf_sha256_of_rfc_5869() -> None:
    """A second implementation from the RFC's own formulas."""
    extracted = hmac.new(b"consonant/watermark/1", b"m" * 32, hashlib.sha256).digest()
    expanded = hmac.new(extracted, b"pattern/7\x01", hashlib.sha256).digest()
    assert derive(b"m" * 32, epoch=7, purpose="pattern") == expanded


def test_epochs_and_purposes_have_different_keys() -> None:
    made = {derive(b"m" * 32, epoch=e, purpose=p) for e in range(3) for p in ("pattern", "check")}
    assert len(made) == 6


@pytest.mark.parametrize(("master", "epoch"), [(b"short", 0), (b"m" * 32, -1)])
def test_what_is_no_key_is_refused(master: bytes, epoch: int) -> None:
    with pytest.raises(ValueError, match="master key"):
        MarkKey(master, epoch)


def test_a_key_does_not_print_itself() -> None:
    assert b"m" * 32 not in repr(MarkKey(b"m" * 32)).encode()
    assert (b"m" * 32).hex() not in repr(MarkKey(b"m" * 32))


def test_the_keystream_is_the_same_wherever_it_is_entered() -> None:
    whole = keystream(b"k" * 32, 0, 100)
    assert (keystream(b"k" * 32, 37, 20) == whole[37:57]).all()


def test_a_key_file_gives_every_epoch_newest_first(tmp_path) -> None:
    path = tmp_path / "key"
    write_key_file(path, epochs=3)
    keys = read_key_file(path)
    assert [key.epoch for key in keys] == [2, 1, 0]
    assert path.stat().st_mode & 0o077 == 0


def test_a_key_file_is_never_overwritten(tmp_path) -> None:
    path = tmp_path / "key"
    write_key_file(path)
    with pytest.raises(FileExistsError):
        write_key_file(path)


@pytest.mark.parametrize("text", ["", "hello", "consonant-mark-key-1 zz 1", "consonant-mark-key-9 " + "00" * 32 + " 1"])
def test_a_damaged_key_file_says_so(tmp_path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    with pytest.raises(BadKeyFile):
        read_key_file(path)


def test_the_check_depends_on_key_and_record() -> None:
    key, other = MarkKey(b"a" * 32), MarkKey(b"b" * 32)
    assert len({check_of(key, 1), check_of(key, 2), check_of(other, 1)}) == 3
