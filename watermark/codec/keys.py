"""Keys of the mark: one master, derived per epoch and purpose; the key file people hold.

What the detector needs is the master and the list of epochs; nothing here stores or rotates keys.
Rotation keeps old marks readable because an old epoch is derived again whenever it is asked for.
"""

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from secrets import token_bytes

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from watermark.codec.errors import BadKeyFile

KEY_BYTES = 32
KEY_FILE_VERSION = "consonant-mark-key-1"
STRETCHES = 128  # of a platform's own pattern, 164 s each
_SALT = b"consonant/watermark/1"


def derive(master: bytes, *, epoch: int, purpose: str) -> bytes:
    """One 32-byte key for one epoch and one purpose (HKDF-SHA256, RFC 5869).

    Args:
        master: at least 32 bytes, uniform. Only derived keys are ever used on audio.
        epoch: counts rotations, 0 or more.
        purpose: "pattern", "check", or a name of the caller's own.

    Raises:
        ValueError: the master is too short to be a key, or the epoch is negative.
    """
    if len(master) < KEY_BYTES or epoch < 0:
        raise ValueError("a master key has 32 bytes or more and an epoch is not negative")
    info = f"{purpose}/{epoch}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=_SALT, info=info).derive(master)


@dataclass(frozen=True)
class MarkKey:
    """A master key at one epoch: all that marking or detecting needs.

    Args:
        stretches: how many of the pattern's stretches are in use. A key whose pattern leaves the platform has one:
            its pattern closes after 164 s, and a search pays for so much less.
        record: the only record that is ever marked with this key; None for a platform's own key.
    """

    master: bytes
    epoch: int = 0
    stretches: int = STRETCHES
    record: int | None = None

    def __post_init__(self) -> None:
        if len(self.master) < KEY_BYTES or self.epoch < 0:
            raise ValueError("a master key has 32 bytes or more and an epoch is not negative")
        if not 1 <= self.stretches <= STRETCHES:
            raise ValueError(f"a pattern has 1 to {STRETCHES} stretches")

    def __repr__(self) -> str:
        """Names the key without giving it away, so that a log line cannot leak it."""
        return f"MarkKey({hashlib.sha256(self.master).hexdigest()[:8]}, epoch={self.epoch})"

    def purpose(self, name: str) -> bytes:
        """The derived key for `name`."""
        return _derived(self.master, self.epoch, name)

    def leaving(self, name: str, record: int) -> "MarkKey":
        """The key of something that leaves the platform with its pattern inside, such as an exported voice.

        It follows from this key and `name` alone, marks `record` and nothing else, and says nothing about this key.
        """
        return MarkKey(self.purpose(f"leaving/{name}"), self.epoch, 1, record)


@lru_cache(maxsize=256)
def _derived(master: bytes, epoch: int, name: str) -> bytes:
    return derive(master, epoch=epoch, purpose=name)


def keystream(key: bytes, first_block: int, blocks: int) -> npt.NDArray[np.uint8]:
    """Bytes of AES-256-CTR from `first_block` on, shape (blocks, 16): random access into one secret sequence."""
    counter = first_block.to_bytes(16, "big")
    stream = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update(bytes(16 * blocks))
    return np.frombuffer(stream, np.uint8).reshape(blocks, 16)


def check_of(key: MarkKey, record: int) -> int:
    """The 16-bit keyed check of a 48-bit record id: a wrong decode passes once in 65,536."""
    digest = hmac.new(key.purpose("check"), record.to_bytes(6, "big"), "sha256").digest()
    return int.from_bytes(digest[:2], "big")


def write_key_file(path: Path, *, epochs: int = 1) -> None:
    """Make a new master key and write it for its owner's eyes only; never over an existing file."""
    text = f"{KEY_FILE_VERSION} {token_bytes(KEY_BYTES).hex()} {epochs}\n"
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text)


def read_key_file(path: Path) -> list[MarkKey]:
    """The keys of all epochs in the file, the newest first.

    Raises:
        BadKeyFile: another format, a damaged key, or a version this code does not know.
    """
    try:
        version, master, epochs = path.read_text().split()
        if version == KEY_FILE_VERSION:
            return [MarkKey(bytes.fromhex(master), epoch) for epoch in reversed(range(int(epochs)))]
    except ValueError as wrong:
        raise BadKeyFile(f"{path.name} is not a key file") from wrong
    raise BadKeyFile(f"{path.name} has the unknown version {version}")
