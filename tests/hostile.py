"""Files that no recorder makes: lying headers, bombs, cut and damaged sound, and mutants of good files.

The corpus is built, not stored, so that every file says in code what is wrong with it.
"""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable, Iterator

import numpy as np
import soundfile

RATE_HZ = 16_000
CONTAINERS = (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "OPUS"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III"))


def voice_like(length_s: float, rate_hz: int = RATE_HZ, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Harmonics that come and go, with a little noise: enough for every encoder to have something to do."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(length_s * rate_hz)) / rate_hz
    pitch = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.7 * time)) / rate_hz
    tone = sum(np.sin(order * pitch) / order for order in range(1, 12))
    sound = 0.15 * tone * np.maximum(0, np.sin(2 * np.pi * 1.3 * time)) + 0.002 * rng.standard_normal(time.size)
    return np.stack([sound] * channels, axis=1).astype(np.float32)


def file_of(samples: np.ndarray, rate_hz: int = RATE_HZ, container: str = "WAV", subtype: str = "PCM_16") -> bytes:
    target = io.BytesIO()
    # In blocks: the Ogg encoders overflow the stack on one long write.
    with soundfile.SoundFile(target, "w", rate_hz, samples.shape[1], subtype, format=container) as file:
        for start in range(0, len(samples), 16_384):
            file.write(samples[start : start + 16_384])
    return target.getvalue()


def wav(*, tag: int = 1, channels: int = 1, rate_hz: int = RATE_HZ, bits: int = 16, body: bytes = bytes(3200),
        block: int | None = None, declared: int | None = None) -> bytes:  # fmt: skip
    """A WAV whose header says whatever it is told to."""
    block = channels * bits // 8 if block is None else block
    fmt = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    size = len(body) if declared is None else declared
    chunks = b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", size) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def flac_claiming(data: bytes, frames: int) -> bytes:
    """A FLAC with another total in its stream information."""
    packed = int.from_bytes(data[18:26], "big") >> 36 << 36 | frames
    return data[:18] + packed.to_bytes(8, "big") + data[26:]


def page(serial: int, granule: int, body: bytes = b"", flags: int = 0) -> bytes:
    """An Ogg page with a wrong checksum, which no header reader looks at."""
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255]) if body else b""
    return b"OggS\0" + struct.pack("<BQIIIB", flags, granule, serial, 0, 0, len(lacing)) + lacing + body


def corpus() -> dict[str, bytes]:
    """Each file under the name of what is wrong with it; none of them is sound that anybody wants."""
    return {**_wavs(), **_packed(), **_strangers()}


def _wavs() -> dict[str, bytes]:
    floats = np.zeros(800, "<f4")
    return {
        "wav of 0 Hz": wav(rate_hz=0),
        "wav of 2,147,483,647 Hz": wav(rate_hz=2**31 - 1),
        "wav of 1,024 channels": wav(channels=1024, body=bytes(4096)),
        "wav of 65,535 channels": wav(channels=65535, block=0),
        "wav of no channels": wav(channels=0, block=0),
        "wav whose block size lies": wav(block=7),
        "wav of 4 bit samples": wav(tag=2, bits=4),
        "wav with an MP3 inside": wav(tag=0x55, bits=0, block=1),
        "wav without samples": wav(body=b""),
        "wav without data": wav()[:36],
        "wav with data first": wav()[:12] + wav()[36:] + wav()[12:36],
        "wav of endless chunks": wav()[:12] + b"junk\0\0\0\0" * 50_000,
        "wav whose chunk passes the end": wav()[:12] + b"LIST" + struct.pack("<I", 2**32 - 1) + wav()[12:],
        "wav of two formats": wav()[:36] + wav()[12:],
        "wav of a broken extension": wav(tag=0xFFFE),
        "wav of NaN": wav(tag=3, bits=32, body=np.full(800, np.nan, "<f4").tobytes()),
        "wav of one NaN": wav(tag=3, bits=32, body=np.append(floats, np.float32(np.nan)).tobytes()),
        "wav of infinity": wav(tag=3, bits=32, body=np.full(800, np.inf, "<f4").tobytes()),
        "wav of 1e38": wav(tag=3, bits=32, body=np.full(800, 1e38, "<f4").tobytes()),
        "wav of doubles beyond float": wav(tag=3, bits=64, body=np.full(800, 1e300, "<f8").tobytes()),
        "wav of eleven minutes": wav(rate_hz=8000, body=bytes(2 * 8000 * 660)),
    }  # fmt: skip


def _packed() -> dict[str, bytes]:
    silence = np.zeros((8000 * 660, 1), np.float32)
    bomb = file_of(silence, 8000, "FLAC")
    opus = file_of(voice_like(1.0), container="OGG", subtype="OPUS")
    mp3 = file_of(voice_like(1.0), container="MP3", subtype="MPEG_LAYER_III")
    first = opus[: 27 + opus[26] + sum(opus[27 : 27 + opus[26]])]
    return {
        "flac of eleven minutes": bomb,
        "flac bomb of unknown length": flac_claiming(bomb, 0),
        "flac bomb that says one second": flac_claiming(bomb, 8000),
        "flac of three hours by its header": flac_claiming(file_of(voice_like(0.5), container="FLAC"), 2**35),
        "flac whose metadata never ends": b"fLaC" + bytes([0, 0, 0, 34]) + bomb[8:42] + bytes([4, 255, 255, 255]),
        "flac of garbage frames": bomb[:42] + random.Random(1).randbytes(20_000),
        "opus of 255 channels": opus.replace(b"OpusHead\x01\x01", b"OpusHead\x01\xff", 1),
        "opus of another version": opus.replace(b"OpusHead\x01", b"OpusHead\xf1", 1),
        "opus of endless pages": first + page(struct.unpack_from("<I", opus, 14)[0], 48_000) * 70_000,
        "opus of a far clock": first + page(struct.unpack_from("<I", opus, 14)[0], 2**62, b"x" * 300),
        "opus twice in a chain": opus + opus,
        "opus without its end": first,
        "ogg of nothing we know": page(7, 0, b"\x80theora" + bytes(40), flags=2),
        "ogg page that is cut": opus[:20],
        "vorbis of garbage": page(7, 0, b"\x01vorbis" + bytes(23), flags=2) + page(7, 16_000, bytes(900)),
        "mp3 of eleven minutes": mp3 * 660,
        "mp3 of garbage frames": (mp3[:4] + random.Random(2).randbytes(len(mp3) // 20)) * 5,
        "mp3 behind a tag of 256 MiB": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + mp3,
        "mp3 of tags alone": (b"ID3\x04\0\0\0\0\0\0") * 2000,
    }


def _strangers() -> dict[str, bytes]:
    return {
        "nothing": b"",
        "one byte": b"R",
        "text": b"This is not a sound. " * 40,
        "m4a": b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + bytes(400),
        "mp4 video": b"\0\0\0\x18ftypisom" + bytes(400),
        "aac": b"\xff\xf1\x50\x80" + bytes(400),
        "aiff": b"FORM\0\0\1\0AIFF" + bytes(300),
        "webm": b"\x1a\x45\xdf\xa3" + bytes(300),
        "rf64": b"RF64\xff\xff\xff\xffWAVE" + bytes(300),
        "zip": b"PK\x03\x04" + bytes(300),
        "noise": random.Random(3).randbytes(50_000),
        "zeros": bytes(50_000),
    }


def seeds() -> list[bytes]:
    """One good file per container, short, for the mutator to start from."""
    return [file_of(voice_like(0.4), container=name, subtype=subtype) for name, subtype in CONTAINERS]


def mutants(count: int, seed: int) -> Iterator[bytes]:
    """Good files with something done to them: most damage lands in the first 200 bytes, where the structure is."""
    rng, good = random.Random(seed), seeds()
    acts: list[Callable[[random.Random, bytearray], None]] = [_flip, _flip, _number, _cut, _repeat, _splice]
    for _ in range(count):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 4)):
            rng.choice(acts)(rng, data)
        yield bytes(data)


def _place(rng: random.Random, data: bytearray) -> int:
    return rng.randrange(min(len(data), 200) if rng.random() < 0.7 else len(data)) if data else 0


def _flip(rng: random.Random, data: bytearray) -> None:
    if data:
        data[_place(rng, data)] ^= 1 << rng.randrange(8)


def _number(rng: random.Random, data: bytearray) -> None:
    at = _place(rng, data)
    data[at : at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80"])


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[_place(rng, data) + 12 :]


def _repeat(rng: random.Random, data: bytearray) -> None:
    at = _place(rng, data)
    data[at:at] = data[at : at + rng.randint(1, 400)] * rng.randint(1, 5)


def _splice(rng: random.Random, data: bytearray) -> None:
    at = _place(rng, data)
    data[at : at + rng.randint(1, 64)] = rng.randbytes(rng.randint(0, 64))
