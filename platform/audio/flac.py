"""What a FLAC file declares: its STREAMINFO block, and no frame.

Source: RFC 9639, sections 8.1 (metadata block header) and 8.2 (streaminfo).
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import AudioUnreadable
from .mp3 import after_id3

_BLOCKS_MAX = 128
_STREAMINFO_BYTES = 34


@dataclass(frozen=True, slots=True)
class FlacHeader:
    """`frames` is None when the encoder did not know the length (a stream); `start` is behind an ID3 tag."""

    rate_hz: int
    channels: int
    bits: int
    frames: int | None
    start: int


def parse(data: bytes) -> FlacHeader:
    """The declared shape of a FLAC.

    Raises:
        AudioUnreadable: no or a damaged STREAMINFO, or metadata that runs past the end.
    """
    start = at = after_id3(data)
    if data[at : at + 4] != b"fLaC":
        raise AudioUnreadable(reason="not a FLAC stream")
    at += 4
    if at + 4 + _STREAMINFO_BYTES > len(data) or data[at] & 0x7F != 0:
        raise AudioUnreadable(reason="no stream information")
    header = _streaminfo(data[at + 4 : at + 4 + _STREAMINFO_BYTES], start)
    _walk_metadata(data, at)
    return header


def _streaminfo(body: bytes, start: int) -> FlacHeader:
    packed = int.from_bytes(body[10:18], "big")  # rate 20 bits, channels 3, bits 5, total 36
    rate_hz, channels = packed >> 44, (packed >> 41 & 7) + 1
    bits, frames = (packed >> 36 & 31) + 1, packed & (1 << 36) - 1
    smallest, largest = int.from_bytes(body[0:2], "big"), int.from_bytes(body[2:4], "big")
    if rate_hz == 0 or largest < 16 or smallest > largest:
        raise AudioUnreadable(reason="the stream information is impossible")
    return FlacHeader(rate_hz, channels, bits, frames or None, start)


def _walk_metadata(data: bytes, at: int) -> None:
    for _ in range(_BLOCKS_MAX):
        last, at = data[at] & 0x80, at + 4 + int.from_bytes(data[at + 1 : at + 4], "big")
        if at + 4 > len(data):
            break
        if last:
            return
    raise AudioUnreadable(reason="the metadata does not end before the file does")
