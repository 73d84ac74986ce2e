"""Signed checkpoints of the log, in the form that other people's tools read.

A checkpoint binds the log's name, its size and its root under one Ed25519 signature. Formats
are those of C2SP signed-note and tlog-checkpoint, byte for byte; keys are written as the Go
checksum database writes them (`name+hash+base64`). Nothing here decides whether a checkpoint
may be signed: that is the sequencer's duty.

Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, golang.org/x/mod/sumdb/note (key text).
"""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.merkle import HASH_SIZE

ED25519 = b"\x01"
NOTE_LIMIT = 64 * 1024  # larger than 16 post-quantum signature lines need
SIGNATURE_LIMIT = 64
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteRefused(ValueError):
    """A note is malformed, or not signed by the key it has to be signed by."""


def decode_base64(text: str) -> bytes:
    """Standard base64, one spelling only: what we would not have written is refused.

    Raises:
        NoteRefused: not base64, or with spare bits, white space or missing padding.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteRefused("not base64") from error
    if base64.b64encode(data).decode() != text:
        raise NoteRefused("not base64 in its one spelling")
    return data


def _key_hash(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


@dataclass(frozen=True)
class VerifierKey:
    """Who may sign: a name and an Ed25519 public key of 32 bytes."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read `name+hash+base64(0x01 || key)`.

        Raises:
            NoteRefused: malformed, another algorithm, or the hash is not that of the key.
        """
        try:
            name, stated, encoded = text.strip().split("+", 2)
        except ValueError as error:
            raise NoteRefused("a verifier key reads name+hash+base64") from error
        data = decode_base64(encoded)
        key = cls(name, data[1:])
        if data[:1] != ED25519 or len(key.public) != 32 or not _NAME.fullmatch(name):
            raise NoteRefused("not an Ed25519 verifier key")
        if key.hash.hex() != stated:
            raise NoteRefused("the verifier key's hash does not fit its name and key")
        return key

    @property
    def hash(self) -> bytes:
        """The four bytes by which signature lines name the key. Not a security value."""
        return _key_hash(self.name, self.public)

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.hash.hex()}+{encoded}"

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key and the name it signs under."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """Read `PRIVATE+KEY+name+hash+base64(0x01 || seed)`, as golang.org/x/mod/sumdb/note writes it.

        Raises:
            NoteRefused: malformed, another algorithm, or the hash is not that of the key.
        """
        parts = text.strip().split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise NoteRefused("not a private note key")
        data = decode_base64(parts[4])
        if data[:1] != ED25519 or len(data) != 33 or not _NAME.fullmatch(parts[2]):
            raise NoteRefused("not an Ed25519 private note key")
        signer = cls(parts[2], Ed25519PrivateKey.from_private_bytes(data[1:]))
        if signer.verifier.hash.hex() != parts[3]:
            raise NoteRefused("the key's hash does not fit its name and key")
        return signer

    def encode(self) -> str:
        """The private key as text, to be kept secret; `parse` reads it."""
        seed = base64.b64encode(ED25519 + self.key.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.hash.hex()}+{seed}"

    @property
    def verifier(self) -> VerifierKey:
        """The public half, to be published."""
        return VerifierKey(self.name, self.key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """`text`, which ends in a newline, as a signed note with one signature line."""
        if not text.endswith("\n") or not _NAME.fullmatch(self.name):
            raise NoteRefused("a note ends in a newline and its key has a name")
        signature = self.verifier.hash + self.key.sign(text.encode())
        return f"{text}\n— {self.name} {base64.b64encode(signature).decode()}\n"


def open_note(note: str, key: VerifierKey) -> str:
    """The text of a note that `key` has signed. Lines of unknown keys are ignored.

    Raises:
        NoteRefused: malformed, no line of `key`, or any line of `key` that does not verify.
    """
    text, lines = _split_note(note)
    signed = False
    for line in lines:
        name, signature = _parse_line(line)
        if (name, signature[:4]) != (key.name, key.hash):
            continue
        if not key.verify(text.encode(), signature[4:]):
            raise NoteRefused("the signature does not verify")
        signed = True
    if not signed:
        raise NoteRefused("the note is not signed by the given key")
    return text


def _split_note(note: str) -> tuple[str, list[str]]:
    if len(note) > NOTE_LIMIT or any(char < " " and char != "\n" for char in note):
        raise NoteRefused("not a note: too long or with control characters")
    text, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines.pop() != "" or not 1 <= len(lines) <= SIGNATURE_LIMIT:
        raise NoteRefused("not a note: no signature lines after a blank line")
    return text + "\n", lines


def _parse_line(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, space, encoded = rest.partition(" ")
    if dash != "—" or not space or not _NAME.fullmatch(name):
        raise NoteRefused("not a signature line")
    signature = decode_base64(encoded)
    if len(signature) < 5:
        raise NoteRefused("a signature line without a signature")
    return name, signature


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its name, how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed: three lines, no extensions."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def open(cls, note: str, key: VerifierKey) -> "Checkpoint":
        """Verify `note` under `key` and read it. The origin has to be the key's name.

        Extension lines are refused: we sign none, and nobody could audit them.

        Raises:
            NoteRefused: not signed by `key`, or not a checkpoint of that log.
        """
        lines = open_note(note, key).split("\n")
        if len(lines) != 4 or lines[0] != key.name or not _SIZE.fullmatch(lines[1]):
            raise NoteRefused("not a checkpoint of this log")
        root = decode_base64(lines[2])
        if len(root) != HASH_SIZE:
            raise NoteRefused("the root is not a SHA-256 hash")
        return cls(lines[0], int(lines[1]), root)
