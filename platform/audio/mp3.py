"""What an MP3 declares: it has no header of its own, so its frames are walked one after the other.

Only the four bytes of each frame are read. The Xing and VBRI tags that state a length are not believed: counting
is as cheap and cannot be lied to.

Source: ISO/IEC 11172-3 section 2.4.1.3 and 13818-3 (bit rates, sampling rates); ID3v2.4 section 3.1 (size).
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import AudioUnreadable

_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version bits
_SEARCH_BYTES = 65_536  # junk that is skipped before the first frame
_TAGS_MAX = 8


@dataclass(frozen=True, slots=True)
class Mp3Header:
    """By counted frames from the byte `start` on; `cut` when the last frame is not whole."""

    rate_hz: int
    channels: int
    frames: int
    start: int
    cut: bool


@dataclass(frozen=True, slots=True)
class _Frame:
    rate_hz: int
    channels: int
    samples: int
    size: int


def after_id3(data: bytes) -> int:
    """Where the content starts behind ID3v2 tags; 0 without one."""
    at = 0
    for _ in range(_TAGS_MAX):
        tag = data[at : at + 10]
        if len(tag) < 10 or tag[:3] != b"ID3" or any(byte & 0x80 for byte in tag[6:10]):
            return at
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        at += 10 + size + (10 if tag[5] & 0x10 else 0)
    return at


def is_frame(head: bytes) -> bool:
    """Whether four bytes open a layer III frame."""
    return _frame(head) is not None


def parse(data: bytes, length_s: float) -> Mp3Header:
    """Count frames, giving up one frame past `length_s` because the caller refuses that anyway.

    Raises:
        AudioUnreadable: no two frames in a row are found where sound should begin.
    """
    start = at = _first(data, after_id3(data))
    first = _frame(data[at : at + 4])
    if first is None:
        raise AudioUnreadable(reason="no MP3 frame")
    total, limit, cut = 0, length_s * first.rate_hz, False
    while total <= limit and not cut:
        frame = _frame(data[at : at + 4])
        if frame is None or frame.rate_hz != first.rate_hz:
            break
        cut = at + frame.size > len(data)
        total, at = total + (0 if cut else frame.samples), at + frame.size
    return Mp3Header(first.rate_hz, first.channels, total, start, cut)


def _first(data: bytes, start: int) -> int:
    # Two frames in a row, because 0xFFE alone turns up in any data; a file of one frame is no sound to speak of.
    end = min(len(data), start + _SEARCH_BYTES)
    at = data.find(b"\xff", start, end)
    while at >= 0:
        frame = _frame(data[at : at + 4])
        if frame is not None and is_frame(data[at + frame.size : at + frame.size + 4]):
            return at
        at = data.find(b"\xff", at + 1, end)
    raise AudioUnreadable(reason="no MP3 frames in a row")


def _frame(head: bytes) -> _Frame | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # eleven sync bits, layer III
        return None
    version, rate_index, bit_index = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    # Free format (0) has no frame size of its own and is not worth a search.
    if version == 1 or rate_index == 3 or bit_index in (0, 15):
        return None
    rate_hz = _RATES_HZ[version][rate_index]
    kbps, samples = (_KBPS_1[bit_index], 1152) if version == 3 else (_KBPS_2[bit_index], 576)
    size = samples // 8 * kbps * 1000 // rate_hz + (head[2] >> 1 & 1)
    return _Frame(rate_hz, 1 if head[3] >> 6 == 3 else 2, samples, size)
