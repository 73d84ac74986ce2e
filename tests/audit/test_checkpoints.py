"""Signed notes against notes that other implementations have signed, and against forgers.

Vectors: PeterNeumann is the example of golang.org/x/mod/sumdb/note (key, private key, note);
the second is a head that the Go checksum database really signed, at 63,096,908 records.
Second check: Ed25519 is deterministic, so our signature has to be Go's, byte for byte.
"""

import base64
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.checkpoints import Checkpoint, NoteRefused, Signer, VerifierKey, open_note
from audit.merkle import EMPTY_ROOT

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    PETER_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
SUMDB = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUMDB_NOTE = (
    "go.sum database tree\n63096908\n8lHrQPRYe4KT4WQ9/Qk8/taKnD6IRHbFgfN7vQE2Y54=\n\n"
    "— sum.golang.org Az3gri/oVBN1jAhNZ/iS+W31psFAWRT20/GyrhpU6taFwulQGetBkH5S7wpGXdS935jiIGiUUAXBVHzT/P6fYhqAmAk=\n"
)

SIGNER = Signer("log.example/consonant", Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
OTHER = Signer("log.example/consonant", Ed25519PrivateKey.from_private_bytes(b"\x08" * 32))


def test_we_sign_what_go_signs() -> None:
    peter = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))
    assert str(peter.verifier) == PETER
    assert peter.sign(PETER_TEXT) == PETER_NOTE
    assert Signer.parse(peter.encode()).sign(PETER_TEXT) == PETER_NOTE
    assert peter.encode() == "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"


@pytest.mark.parametrize(
    ("old", "new"),
    [("PRIVATE", "PUBLIC"), ("c74f20a3", "c74f20a4"), ("AYEK", "BYEK"), ("+AYEKF", "+AYEK"), ("Peter", "P ")],
)
def test_malformed_private_keys_are_refused(old: str, new: str) -> None:
    text = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    with pytest.raises(NoteRefused):
        Signer.parse(text.replace(old, new))


@pytest.mark.parametrize(("key", "note"), [(PETER, PETER_NOTE), (SUMDB, SUMDB_NOTE)])
def test_notes_of_others_open(key: str, note: str) -> None:
    verifier = VerifierKey.parse(key)
    assert str(verifier) == key
    assert note.startswith(open_note(note, verifier) + "\n— ")


def test_unknown_signature_lines_are_ignored_and_known_ones_must_verify() -> None:
    key = VerifierKey.parse(PETER)
    stranger = "— witness.example " + base64.b64encode(b"\x01" * 76).decode() + "\n"
    assert open_note(PETER_NOTE + stranger, key) == PETER_TEXT
    spoiled = base64.b64encode(key.hash + b"\x00" * 64).decode()
    with pytest.raises(NoteRefused, match="verify"):
        open_note(PETER_NOTE + f"— PeterNeumann {spoiled}\n", key)
    with pytest.raises(NoteRefused, match="not signed"):
        open_note(PETER_TEXT + "\n" + stranger, key)


def test_a_key_of_the_same_name_is_still_another_key() -> None:
    note = OTHER.sign(Checkpoint("log.example/consonant", 0, EMPTY_ROOT).text())
    with pytest.raises(NoteRefused, match="not signed"):
        open_note(note, SIGNER.verifier)


@pytest.mark.parametrize(
    "key",
    [
        "", "PeterNeumann", PETER[:-1], PETER.replace("c74f20a3", "c74f20a4"), PETER.replace("Peter", "peter"),
        PETER.replace("+ARpc", "+BRpc"), PETER.replace("c74f20a3", "C74F20A3"), "+c74f20a3+" + PETER.split("+")[2],
        "Peter Neumann+" + PETER.split("+", 1)[1],
    ],
)  # fmt: skip
def test_malformed_keys_are_refused(key: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(key)


def test_every_changed_character_of_a_checkpoint_is_seen() -> None:
    """Exhaustive over positions; the note's every byte, one bit of it turned."""
    note = SIGNER.sign(Checkpoint(SIGNER.name, 42, b"\x05" * 32).text()).encode()
    chance = random.Random(1)
    for position in range(len(note)):
        spoiled = bytearray(note)
        spoiled[position] ^= 1 << chance.randrange(8)
        try:
            text = spoiled.decode()
        except UnicodeDecodeError:
            continue
        with pytest.raises(NoteRefused):
            Checkpoint.open(text, SIGNER.verifier)


def test_checkpoints_come_back() -> None:
    head = Checkpoint(SIGNER.name, 70_000, b"\x05" * 32)
    assert Checkpoint.open(SIGNER.sign(head.text()), SIGNER.verifier) == head


@pytest.mark.parametrize(
    "text",
    [
        "log.example/consonant\n042\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n",
        "log.example/consonant\n-1\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n",
        "log.example/consonant\n42\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQ==\n",
        "log.example/consonant\n42\nnot base64\n",
        "log.example/consonant\n42\n",
        "log.example/other\n42\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n",
        "log.example/consonant\n42\nBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\nextension\n",
    ],
)
def test_what_is_signed_but_no_checkpoint_of_ours_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.open(SIGNER.sign(text), SIGNER.verifier)


@pytest.mark.parametrize(
    "note", ["", "\n", "\n\n", "text\n", "text\n\n", "text\n\n— a\n", "text\n\n- a AAAAAAAA\n", "text\n\n— a AAAAAAAA",
             "te\txt\n\n— a AAAAAAAA\n", "x" * 70_000 + "\n\n— a AAAAAAAA\n", "text\n\n— a AAAA\n"],
)  # fmt: skip
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        open_note(note, SIGNER.verifier)
