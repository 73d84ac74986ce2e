"""The text of an API key: prefix, 30 random base62 characters, 6 characters of CRC-32.

The checksum lets a secret scanner and the edge refuse a mistyped key without asking the database.
Pure: no storage.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PATTERN = re.compile(r"cns_(live|test)_([0-9A-Za-z]{30})([0-9A-Za-z]{6})")
_LENGTH = 30


def generate(*, live: bool) -> str:
    """A new key with about 178 bits of chance."""
    head = f"cns_{'live' if live else 'test'}_"
    body = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    return head + body + _checksum(head + body)


def well_formed(text: str) -> bool:
    """Whether `text` has our prefix and a right checksum; says nothing about its being in force."""
    return PATTERN.fullmatch(text) is not None and _checksum(text[:-6]) == text[-6:]


def digest(text: str) -> bytes:
    """SHA-256 of the key: enough for 178 bits of chance, no slow hash needed (32 bytes)."""
    return hashlib.sha256(text.encode()).digest()


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    characters = []
    for _ in range(6):
        number, rest = divmod(number, 62)
        characters.append(ALPHABET[rest])
    return "".join(reversed(characters))
