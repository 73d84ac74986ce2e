"""The memory that a decoding child and its caller share: a fixed head, then the samples.

The child writes, the caller reads after the child has left. The caller treats all of it as hostile: the child may
have been taken over by the file it decoded, so nothing in it is more than numbers that are checked again.

Layout, version 1, native byte order (both sides are the same machine): magic 8 bytes, status u32, rate_hz u32,
channels u32, unused u32, frames u64, zero up to 64; then float32 samples, interleaved.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

HEAD_BYTES = 64
_MAGIC = b"CNSROOM1"
_HEAD = struct.Struct("=8sIIIIQ")


class Status(IntEnum):
    """How the child's work ended; zero is what memory holds when it never got there."""

    NOTHING = 0
    DONE = 1
    UNREADABLE = 2
    TOO_LONG = 3
    CONTRADICTS = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """The head of a room."""

    status: Status
    rate_hz: int = 0
    channels: int = 0
    frames: int = 0


def anonymous_file(size: int) -> int:
    """A descriptor of `size` zero bytes that has no name; pages cost memory only once they are written."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("consonant-audio", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    return descriptor


def size_for(samples: int) -> int:
    """Bytes of a room for so many samples over all channels."""
    return HEAD_BYTES + 4 * samples


def samples_of(memory: mmap.mmap) -> NDArray[np.float32]:
    """The room behind the head, as one row of samples that writes through."""
    return np.frombuffer(memory, np.float32, offset=HEAD_BYTES)


def put(memory: mmap.mmap, outcome: Outcome) -> None:
    """Write the head; the child's last act."""
    _HEAD.pack_into(memory, 0, _MAGIC, outcome.status, outcome.rate_hz, outcome.channels, 0, outcome.frames)


def take(memory: mmap.mmap) -> Outcome:
    """Read the head; anything that is not one counts as nothing."""
    magic, status, rate_hz, channels, _, frames = _HEAD.unpack_from(memory)
    if magic != _MAGIC or status not in set(Status):
        return Outcome(Status.NOTHING)
    return Outcome(Status(status), rate_hz, channels, frames)
