"""The gate before the decoder: what a file says it is, and whether that much is wanted at all.

Reading a header costs microseconds and no memory; decoding costs both, and an attacker chooses how much: a FLAC
of 715 KB can hold 2.6 GiB of samples. So container, channels, rate and declared length are checked here first.
A header can lie, which is why the decoder counts again while it works (`decode`); nothing here trusts a length
further than to refuse it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from . import flac, mp3, ogg, wav
from .errors import AudioRateUnsupported, AudioTooLarge, AudioTooLong, AudioUnreadable, AudioUnsupported

Container = Literal["wav", "flac", "ogg-opus", "ogg-vorbis", "mp3"]
ACCEPTED: tuple[Container, ...] = ("wav", "flac", "ogg-opus", "ogg-vorbis", "mp3")

# First bytes of what people send most often and we do not read, so that the refusal can name it.
_KNOWN_STRANGERS: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftyp", "m4a"), (0, b"FORM", "aiff"), (0, b"caff", "caf"), (0, b"#!AMR", "amr"), (0, b"RF64", "rf64"),
    (0, b"RIFX", "rifx"), (0, b"riff", "w64"), (0, b"\x1a\x45\xdf\xa3", "webm or matroska"), (0, b".snd", "au"),
    (0, b"\x30\x26\xb2\x75", "wma"), (0, b"\xff\xf1", "aac"), (0, b"\xff\xf9", "aac"), (0, b"PK\x03\x04", "zip"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How much sound a door takes. Published with the API, so that a client can check before it sends."""

    file_bytes: int = 64 * 1024 * 1024
    length_s: float = 600.0
    channels: int = 2
    rate_min_hz: int = 8_000
    rate_max_hz: int = 192_000
    samples: int = 600 * 48_000 * 2  # over all channels: what memory a decode may take, times four bytes
    cpu_s: int = 20  # processor seconds of the decoding child; ten minutes of stereo Opus take about six
    wall_s: int = 60

    def frames(self, rate_hz: int, channels: int) -> int:
        """The most samples per channel at this rate and these channels."""
        return min(int(self.length_s * rate_hz), self.samples // channels)


@dataclass(frozen=True, slots=True)
class Header:
    """What a file declares.

    `frames` is the declared samples per channel, None where the file does not say; `cut` is True when
    fewer bytes are there than the header promises; `start` is where the sound begins behind tags and junk.
    """

    container: Container
    rate_hz: int
    channels: int
    frames: int | None
    cut: bool = False
    start: int = 0


def check(data: bytes, limits: Limits) -> Header:
    """Let a file through to the decoder, or say why not.

    Args:
        data: the whole file.
        limits: of the door it came through.

    Raises:
        AudioTooLarge, AudioTooLong, AudioRateUnsupported: over a limit.
        AudioUnsupported: no container that is read here.
        AudioUnreadable: a damaged or self-contradicting header.
    """
    if len(data) > limits.file_bytes:
        raise AudioTooLarge(limit_bytes=limits.file_bytes)
    header = inspect(data, limits)
    if not limits.rate_min_hz <= header.rate_hz <= limits.rate_max_hz:
        raise AudioRateUnsupported(rate_hz=header.rate_hz, least_hz=limits.rate_min_hz, most_hz=limits.rate_max_hz)
    if header.channels > limits.channels:
        raise AudioTooLong(channels=header.channels, limit_channels=limits.channels)
    if header.frames is not None and header.frames > limits.frames(header.rate_hz, header.channels):
        raise AudioTooLong(limit_s=limits.length_s)
    return header


def sniff(data: bytes) -> Container:
    """The container by its first bytes, behind an ID3 tag where one stands first.

    Raises:
        AudioUnsupported: none of ours; the member `found` names it where we know it.
        AudioUnreadable: an Ogg stream that holds no sound we know.
    """
    start = mp3.after_id3(data)
    head = data[start : start + 64]
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE" and start == 0:
        return "wav"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS" and start == 0:
        return ogg.codec(data)
    found = next((name for at, magic, name in _KNOWN_STRANGERS if head[at : at + len(magic)] == magic), None)
    if found is None and (start > 0 or mp3.is_frame(head[:4])):
        return "mp3"
    raise AudioUnsupported(found=found or "unknown", accepted=list(ACCEPTED))


def inspect(data: bytes, limits: Limits) -> Header:
    """The header of any accepted container; `limits` only end a walk over pages or frames early."""
    container = sniff(data)
    if container == "wav":
        head = wav.parse(data)
        cut = head.declared_bytes is not None and head.declared_bytes > head.data_bytes
        return Header(container, head.rate_hz, head.channels, head.frames, cut)
    if container == "flac":
        stream = flac.parse(data)
        return Header(container, stream.rate_hz, stream.channels, stream.frames, start=stream.start)
    if container == "mp3":
        sound = mp3.parse(data, limits.length_s)
        return Header(container, sound.rate_hz, sound.channels, sound.frames, sound.cut, sound.start)
    pages = ogg.parse(data)
    if pages.frames is None:
        raise AudioUnreadable(reason="no page says where it stands in time")
    return Header(container, pages.rate_hz, pages.channels, pages.frames, pages.cut)
