"""Sealing: bytes to ciphertext that opens only whole, unmoved, and under the right key.

AES-256-GCM in 64 KiB chunks, after STREAM and age: the nonce is a counter with a last-chunk
flag, so cutting, reordering, doubling or dropping chunks fails. Every object has a data key of
its own, wrapped under the owner's key. The place of the object - tenant, owner, object, purpose,
key version - is bound in both layers: neither the ciphertext nor the wrapped key can be moved.

GCM alone does not commit to its key, so the header carries a commitment and it is checked before
anything is decrypted.

Format, version 1 (integers big-endian):

    "CNSL" | version 1 | key version u32 | wrap nonce 12 | wrapped data key 48 | commitment 32 | chunks
    chunk  = AES-256-GCM(chunk key, nonce = counter u88 | last flag u8, up to 65,536 bytes, aad)
    aad    = SHA-256(header | place)      the same for every chunk; the counter tells them apart

Rule of evolution: another layout is another version; `unseal` keeps the old ones for as long as
objects of them exist. Pure: keys come in as bytes; where they are kept is `keys.py`.

Source: Hoang, Reyhanitabar, Rogaway, Vizar, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance" (STREAM); C2SP age, "Payload"; RFC 5869 (HKDF).
"""

import hmac
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import SealBroken

MAGIC = b"CNSL\x01"
CHUNK = 64 * 1024
TAG = 16
_HEADER = struct.Struct(">5sI12s48s32s")
HEADER_SIZE = _HEADER.size


@dataclass(frozen=True)
class Place:
    """Where sealed bytes belong. Opening them anywhere else fails.

    Attributes:
        tenant: the tenant's id.
        owner: the handle of the key that opens them (a person's, or the tenant's own).
        object: the id of the row or object they belong to.
        purpose: which of the object's parts they are, as `recording` or `speaker-name`.
        key_version: the version of the owner's key.
    """

    tenant: str
    owner: str
    object: str
    purpose: str
    key_version: int

    def encode(self) -> bytes:
        """Length before each part, so that no two places read the same."""
        parts = [str(part).encode() for part in astuple(self)]
        return b"consonant place v1" + b"".join(struct.pack(">I", len(part)) + part for part in parts)


def seal(key: bytes, place: Place, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Seal a stream of plaintext.

    Args:
        key: the owner's key, 32 bytes, of version `place.key_version`.
        chunks: plaintext in pieces of any size.

    Yields:
        The header, then sealed chunks. What was yielded before an error opens to nothing: the
        last chunk is missing.
    """
    data_key, nonce = os.urandom(32), os.urandom(12)
    where = place.encode()
    wrapped = AESGCM(key).encrypt(nonce, data_key, where)
    chunk_key, commitment = _derive(data_key, where)
    header = _HEADER.pack(MAGIC, place.key_version, nonce, wrapped, commitment)
    yield header
    cipher, aad = AESGCM(chunk_key), sha256(header + where).digest()
    for counter, (piece, last) in enumerate(_even(chunks)):
        yield cipher.encrypt(_nonce(counter, last), piece, aad)


def unseal(key: bytes, place: Place, sealed: bytes) -> Iterator[bytes]:
    """Open sealed bytes, chunk by chunk.

    A consumer must not act on a chunk before the iterator has ended: a missing tail is only
    noticed there. `open_whole` is for everybody who can hold the plaintext.

    Raises:
        SealBroken: not of this key and place, or altered in any way.
    """
    header = sealed[:HEADER_SIZE]
    if len(header) < HEADER_SIZE:
        raise SealBroken("shorter than a header")
    magic, key_version, nonce, wrapped, commitment = _HEADER.unpack(header)
    if magic != MAGIC or key_version != place.key_version:
        raise SealBroken("another format or key version")
    where = place.encode()
    data_key = _decrypt(AESGCM(key), nonce, wrapped, where)
    chunk_key, expected = _derive(data_key, where)
    if not hmac.compare_digest(commitment, expected):
        raise SealBroken("another key than the one that sealed it")
    cipher, aad = AESGCM(chunk_key), sha256(header + where).digest()
    body = memoryview(sealed)[HEADER_SIZE:]
    starts = range(0, max(len(body), 1), CHUNK + TAG)
    for counter, start in enumerate(starts):
        last = start == starts[-1]
        piece = _decrypt(cipher, _nonce(counter, last), bytes(body[start : start + CHUNK + TAG]), aad)
        if last and counter and not piece:
            raise SealBroken("an empty chunk at the end")  # one plaintext would have two sealed forms
        yield piece


def seal_whole(key: bytes, place: Place, data: bytes) -> bytes:
    """`data` sealed, in one piece."""
    return b"".join(seal(key, place, [data]))


def open_whole(key: bytes, place: Place, sealed: bytes) -> bytes:
    """The plaintext of `sealed`, or nothing at all.

    Raises:
        SealBroken: not of this key and place, or altered in any way.
    """
    return b"".join(unseal(key, place, sealed))


def sealed_version(sealed: bytes) -> int:
    """Which version of the owner's key sealed this. Not authenticated: opening checks it.

    Raises:
        SealBroken: not sealed bytes.
    """
    if len(sealed) < HEADER_SIZE or sealed[: len(MAGIC)] != MAGIC:
        raise SealBroken("not sealed bytes")
    version: int = _HEADER.unpack(sealed[:HEADER_SIZE])[1]
    return version


def _derive(data_key: bytes, where: bytes) -> tuple[bytes, bytes]:
    """The chunk key and the commitment; HKDF over SHA-256 makes the second binding for the first."""
    material = HKDF(SHA256(), 64, salt=None, info=b"consonant seal v1" + sha256(where).digest()).derive(data_key)
    return material[:32], material[32:]


def _nonce(counter: int, last: bool) -> bytes:
    # Unique because the chunk key is fresh for every object; 2**88 chunks are never reached.
    return counter.to_bytes(11, "big") + bytes([last])


def _decrypt(cipher: AESGCM, nonce: bytes, data: bytes, aad: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce, data, aad)
    except (InvalidTag, ValueError) as error:  # ValueError: shorter than a tag
        raise SealBroken("it does not open here") from error


def _even(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The same bytes in chunks of CHUNK with the last one marked; at least one chunk, empty if need be."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > CHUNK:  # strictly: a full chunk may still turn out to be the last
            yield bytes(held[:CHUNK]), False
            del held[:CHUNK]
    yield bytes(held), True
