"""What an Ogg file declares: its first packet and the clocks of its pages; no packet is decoded.

One logical stream only. Chained and multiplexed files are legal Ogg and are refused: nobody's recorder makes them,
and each further stream is another chance to say one thing in the header and another behind it.

Source: RFC 3533 section 6 (pages), RFC 7845 section 5.1 (OpusHead), Vorbis I section 4.2.2 (identification header).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import AudioUnreadable

_PAGES_MAX = 60_000  # a page per 20 ms for 20 minutes; empty pages cost 27 bytes each and would never end
_BEGINS = 0x02
_NO_GRANULE = 0xFFFFFFFFFFFFFFFF
_OPUS_CLOCK_HZ = 48_000
_OPUS_RATES_HZ = (8000, 12000, 16000, 24000, 48000)


@dataclass(frozen=True, slots=True)
class OggHeader:
    """`rate_hz` is what the decoder will give (for Opus the nearest it offers above the recorded rate)."""

    rate_hz: int
    channels: int
    frames: int | None
    cut: bool


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    serial: int
    body: int  # where the segment data starts
    end: int  # where the next page should start


def codec(data: bytes) -> Literal["ogg-opus", "ogg-vorbis"]:
    """Which sound the first packet announces.

    Raises:
        AudioUnreadable: neither Opus nor Vorbis.
    """
    page = _page(data, 0)
    head = data[page.body : page.body + 8] if page else b""
    if head == b"OpusHead":
        return "ogg-opus"
    if head[:7] == b"\x01vorbis":
        return "ogg-vorbis"
    raise AudioUnreadable(reason="an Ogg file whose first packet is neither Opus nor Vorbis")


def parse(data: bytes) -> OggHeader:
    """The declared shape of an Ogg file, by its first packet and its highest clock.

    Raises:
        AudioUnreadable: damaged pages, several streams, or more pages than sound needs.
    """
    first = _page(data, 0)
    if first is None or not first.flags & _BEGINS:
        raise AudioUnreadable(reason="the first page does not begin a stream")
    packet = data[first.body : first.end]
    granule, cut = _walk(data, first)
    if codec(data) == "ogg-opus":
        channels, skip, rate_hz = _opus(packet)
        frames = None if granule is None else max(0, granule - skip) * rate_hz // _OPUS_CLOCK_HZ
        return OggHeader(rate_hz, channels, frames, cut)
    channels, rate_hz = _vorbis(packet)
    return OggHeader(rate_hz, channels, granule, cut)


def _walk(data: bytes, first: _Page) -> tuple[int | None, bool]:
    highest: int | None = None
    at = first.end
    for _ in range(_PAGES_MAX):
        if at >= len(data):
            return highest, False
        page = _page(data, at)
        if page is None or page.end > len(data):
            return highest, True
        if page.serial != first.serial or page.flags & _BEGINS:
            raise AudioUnreadable(reason="more than one stream in the file")
        if page.granule != _NO_GRANULE:
            highest = max(highest or 0, page.granule)
        at = page.end
    raise AudioUnreadable(reason="more pages than sound needs")


def _page(data: bytes, at: int) -> _Page | None:
    head = data[at : at + 27]
    if len(head) < 27 or head[:5] != b"OggS\0":
        return None
    body = at + 27 + head[26]
    return _Page(
        flags=head[5],
        granule=int.from_bytes(head[6:14], "little"),
        serial=int.from_bytes(head[14:18], "little"),
        body=body,
        end=body + sum(data[at + 27 : body]),
    )


def _opus(packet: bytes) -> tuple[int, int, int]:
    if len(packet) < 19 or packet[8] >> 4 or packet[9] == 0:
        raise AudioUnreadable(reason="the Opus header is damaged")
    recorded_hz = int.from_bytes(packet[12:16], "little") or _OPUS_CLOCK_HZ
    rate_hz = next((rate for rate in _OPUS_RATES_HZ if rate >= recorded_hz), _OPUS_CLOCK_HZ)
    return packet[9], int.from_bytes(packet[10:12], "little"), rate_hz


def _vorbis(packet: bytes) -> tuple[int, int]:
    channels, rate_hz = (packet[11], int.from_bytes(packet[12:16], "little")) if len(packet) >= 30 else (0, 0)
    if channels == 0 or rate_hz == 0:
        raise AudioUnreadable(reason="the Vorbis header is damaged")
    return channels, rate_hz
