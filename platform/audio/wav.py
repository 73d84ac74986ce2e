"""WAV, read and written by ourselves: the header with hard bounds, the samples as plain PCM or float.

Everything that judges a WAV before it is decoded starts from `parse`, which looks at headers only. `read` exists for
code that must run without libsndfile; sound from strangers goes through `decode.decode`, which isolates it.

Shape letters: T samples, C channels. Little endian RIFF only: RF64, RIFX and W64 are other formats.
Source: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF, fmt, data) and
"Multiple Channel Audio Data and WAVE Files" (the extensible format and its GUID tail).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .clip import Clip
from .errors import AudioUnreadable, AudioUnsupported
from .g711 import alaw_decode, mulaw_decode, mulaw_encode

Encoding = Literal["pcm8", "pcm16", "pcm24", "pcm32", "float32", "float64", "alaw", "mulaw"]
Written = Literal["pcm16", "float32", "mulaw"]

_ENCODINGS: dict[tuple[int, int], Encoding] = {
    (1, 8): "pcm8", (1, 16): "pcm16", (1, 24): "pcm24", (1, 32): "pcm32",
    (3, 32): "float32", (3, 64): "float64", (6, 8): "alaw", (7, 8): "mulaw",
}  # fmt: skip
_TAGS: dict[Written, tuple[int, int]] = {"pcm16": (1, 16), "float32": (3, 32), "mulaw": (7, 8)}
_EXTENSIBLE = 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")  # follows the two bytes of the format tag
_CHUNKS_MAX = 64  # a file with more before its data is made to keep a parser busy
UNKNOWN_BYTES = 0xFFFFFFFF  # what a stream writes as its size, and what readers take as "until the end"


@dataclass(frozen=True, slots=True)
class WavHeader:
    """What a WAV says of itself, with the data's place already held against the bytes that are there.

    `data_bytes` is what is really present; `declared_bytes` is what the header claims, None when it
    says "unknown". A claim above what is there marks a cut file, or a lie.
    """

    encoding: Encoding
    rate_hz: int
    channels: int
    data_start: int
    data_bytes: int
    declared_bytes: int | None

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * {"pcm8": 1, "alaw": 1, "mulaw": 1, "pcm16": 2, "pcm24": 3, "float64": 8}.get(
            self.encoding, 4
        )

    @property
    def frames(self) -> int:
        """T, by the bytes that are there."""
        return self.data_bytes // self.frame_bytes


def parse(data: bytes) -> WavHeader:
    """The header of a WAV; no sample is looked at.

    Raises:
        AudioUnreadable: a chunk is missing, cut, out of order or contradicts another.
        AudioUnsupported: an encoding other than PCM, float, A-law and mu-law.
    """
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise AudioUnreadable(reason="not a RIFF WAVE file")
    encoding: tuple[Encoding, int, int] | None = None
    at = 12
    for _ in range(_CHUNKS_MAX):
        if at + 8 > len(data):
            break
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8
        if name == b"fmt ":
            if encoding is not None:
                raise AudioUnreadable(reason="two format chunks")
            encoding = _format(data[at : at + min(size, 40)])
        elif name == b"data":
            if encoding is None:
                raise AudioUnreadable(reason="data before its format")
            return _header(encoding, at, len(data) - at, size)
        at += size + (size & 1)
    raise AudioUnreadable(reason="no data chunk")


def _format(body: bytes) -> tuple[Encoding, int, int]:
    if len(body) < 16:
        raise AudioUnreadable(reason="the format chunk is cut")
    tag, channels, rate_hz, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE:
        if len(body) < 40 or body[26:40] != _GUID_TAIL:
            raise AudioUnreadable(reason="the extensible format is damaged")
        tag = int.from_bytes(body[24:26], "little")
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None:
        raise AudioUnsupported(found=f"wav, format {tag} with {bits} bits")
    if channels == 0 or rate_hz == 0 or block != channels * bits // 8:
        raise AudioUnreadable(reason="channels, rate and block size contradict each other")
    return encoding, channels, rate_hz


def _header(encoding: tuple[Encoding, int, int], start: int, present: int, declared: int) -> WavHeader:
    name, channels, rate_hz = encoding
    known = None if declared in (0, UNKNOWN_BYTES) and present else declared
    header = WavHeader(name, rate_hz, channels, start, present if known is None else min(present, known), known)
    if header.frames == 0:
        raise AudioUnreadable(reason="no samples")
    return header


def read(data: bytes) -> Clip:
    """A WAV as a clip, without libsndfile.

    Raises:
        AudioUnreadable, AudioUnsupported: as `parse`.
    """
    header = parse(data)
    end = header.data_start + header.frames * header.frame_bytes
    samples = _samples(np.frombuffer(data, np.uint8)[header.data_start : end], header.encoding)
    if header.channels > 1:
        samples = np.ascontiguousarray(samples.reshape(-1, header.channels).T)
    return Clip(samples, header.rate_hz)


def _samples(raw: NDArray[np.uint8], encoding: Encoding) -> NDArray[np.float32]:
    if encoding == "pcm8":
        return (raw.astype(np.float32) - np.float32(128)) / np.float32(128)
    if encoding == "pcm24":
        # Into the upper three bytes of an int32, so that the sign comes along.
        wide = np.zeros((raw.size // 3, 4), np.uint8)
        wide[:, 1:] = raw.reshape(-1, 3)
        return (wide.view("<i4")[:, 0] / 2**31).astype(np.float32)
    if encoding in ("alaw", "mulaw"):
        decoded = alaw_decode(raw) if encoding == "alaw" else mulaw_decode(raw)
        return decoded.astype(np.float32) / np.float32(32768)
    values = raw.view({"pcm16": "<i2", "pcm32": "<i4", "float32": "<f4", "float64": "<f8"}[encoding])
    if encoding in ("pcm16", "pcm32"):
        return (values / (32768 if encoding == "pcm16" else 2**31)).astype(np.float32)
    return values.astype(np.float32)


def to_pcm16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Samples to 16 bit, any shape; what lies outside [-1, 1] is held at the ends, never wrapped round."""
    scaled = np.rint(samples * np.float32(32768))
    pcm: NDArray[np.int16] = np.clip(scaled, -32768, 32767).astype("<i2")
    return pcm


def write(clip: Clip, encoding: Written = "pcm16") -> bytes:
    """The clip as a WAV file; channels are interleaved.

    `float32` keeps every value exactly, also those outside [-1, 1].
    """
    interleaved = np.ascontiguousarray(clip.samples.T)
    if encoding == "float32":
        body = interleaved.astype("<f4").tobytes()
    else:
        pcm = to_pcm16(interleaved)
        body = (pcm if encoding == "pcm16" else mulaw_encode(pcm)).tobytes()
    return header_bytes(encoding, clip.rate_hz, clip.channels, len(body)) + body + b"\0" * (len(body) & 1)


def header_bytes(encoding: Written, rate_hz: int, channels: int, data_bytes: int | None) -> bytes:
    """The bytes before the samples; `data_bytes` None for a stream whose end is not known yet."""
    tag, bits = _TAGS[encoding]
    block = channels * bits // 8
    # Anything but PCM carries the size of its (empty) extension and a fact chunk, which some readers insist on.
    fmt = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * block, block, bits)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt
    if tag != 1:
        frames = 0 if data_bytes is None else data_bytes // block
        chunks = b"fmt " + struct.pack("<I", len(fmt) + 2) + fmt + b"\0\0" + b"fact" + struct.pack("<II", 4, frames)
    body = UNKNOWN_BYTES if data_bytes is None else data_bytes
    whole = UNKNOWN_BYTES if data_bytes is None else 4 + len(chunks) + 8 + data_bytes + (data_bytes & 1)
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + chunks + b"data" + struct.pack("<I", body)
