"""The only way from a clip to the bytes that leave us: wav, flac, mp3, opus, raw PCM and the telephone's mu-law.

Each format has a rate range of its own; a clip is brought to the nearest rate the format can carry unless the caller
names one. Nothing here marks or checks a mark: whoever releases decodes the bytes again (`decode.decode`, or
`decode_raw` for the two formats without a header) and reads the mark back.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import soundfile

from . import wav
from .clip import Clip
from .errors import AudioRateUnsupported, AudioTooShort
from .g711 import RATE_HZ, mulaw_decode, mulaw_encode
from .resample import resample


class Format(StrEnum):
    """What a caller may ask for; the value is the name in the API."""

    WAV = "wav"
    FLAC = "flac"
    MP3 = "mp3"
    OPUS = "opus"
    PCM = "pcm"  # signed 16 bit little endian, no header
    MULAW = "mulaw"  # G.711 at 8 kHz, no header
    MULAW_WAV = "mulaw_wav"  # the same in a WAV


@dataclass(frozen=True, slots=True)
class Encoded:
    """Bytes ready to leave, with what a reader must know where the bytes do not say it."""

    data: bytes
    format: Format
    rate_hz: int
    channels: int

    @property
    def media_type(self) -> str:
        """For Content-Type; raw formats carry their rate (RFC 2586, RFC 4856)."""
        raw = {Format.PCM: "audio/pcm", Format.MULAW: "audio/basic"}.get(self.format)
        if self.format is Format.PCM:
            return f"{raw};rate={self.rate_hz};channels={self.channels}"
        return raw or _MEDIA_TYPES[self.format]

    @property
    def suffix(self) -> str:
        """For a file's name, with its dot."""
        return _SUFFIXES[self.format]


_MEDIA_TYPES = {
    Format.WAV: "audio/wav", Format.MULAW_WAV: "audio/wav", Format.FLAC: "audio/flac",
    Format.MP3: "audio/mpeg", Format.OPUS: "audio/ogg;codecs=opus",
}  # fmt: skip
_SUFFIXES = {
    Format.WAV: ".wav", Format.MULAW_WAV: ".wav", Format.FLAC: ".flac", Format.MP3: ".mp3", Format.OPUS: ".opus",
    Format.PCM: ".pcm", Format.MULAW: ".ulaw",
}  # fmt: skip
_RATES_HZ: dict[Format, tuple[int, ...]] = {
    Format.MP3: (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    Format.OPUS: (8000, 12000, 16000, 24000, 48000),
    Format.MULAW: (RATE_HZ,),
    Format.MULAW_WAV: (RATE_HZ,),
}
_SUBTYPES = {Format.FLAC: ("FLAC", "PCM_16"), Format.MP3: ("MP3", "MPEG_LAYER_III"), Format.OPUS: ("OGG", "OPUS")}
# libsndfile's scale from 0 (most bits) to 1: for mono speech at 24 kHz about 70 kbit/s MP3 and 58 kbit/s Opus.
_QUALITY = {Format.FLAC: 0.5, Format.MP3: 0.3, Format.OPUS: 0.8}
_BLOCK_FRAMES = 16_384  # the Ogg encoders put a whole write on the stack and overflow it on a long one


def rate_for(to: Format, rate_hz: int) -> int:
    """The rate a clip of `rate_hz` leaves with: its own where the format carries it, else the next above."""
    rates = _RATES_HZ.get(to)
    if rates is None or rate_hz in rates:
        return rate_hz
    return min((rate for rate in rates if rate > rate_hz), default=max(rates))


def encode(clip: Clip, to: Format, rate_hz: int | None = None) -> Encoded:
    """The clip as bytes in the format `to`.

    Args:
        clip: any rate, one or two channels; what lies outside [-1, 1] is held at the ends.
        to: see Format.
        rate_hz: the rate to leave with; None for `rate_for`.

    Raises:
        AudioTooShort: a clip without samples.
        AudioRateUnsupported: a `rate_hz` that the format cannot carry.
    """
    if clip.frames == 0:
        raise AudioTooShort(least_s=0)
    wanted = rate_for(to, clip.rate_hz if rate_hz is None else rate_hz)
    if rate_hz is not None and wanted != rate_hz:
        raise AudioRateUnsupported(rate_hz=rate_hz, accepted=list(_RATES_HZ[to]))
    sound = resample(clip, wanted)
    return Encoded(_bytes(sound, to), to, wanted, sound.channels)


def _bytes(clip: Clip, to: Format) -> bytes:
    if to is Format.WAV:
        return wav.write(clip)
    if to is Format.MULAW_WAV:
        return wav.write(clip, "mulaw")
    pcm = wav.to_pcm16(np.ascontiguousarray(clip.samples.T))
    if to is Format.PCM:
        return pcm.tobytes()
    return mulaw_encode(pcm).tobytes() if to is Format.MULAW else _packed(clip, to)


def _packed(clip: Clip, to: Format) -> bytes:
    container, subtype = _SUBTYPES[to]
    held = np.clip(np.atleast_2d(clip.samples).T, -1.0, 1.0)  # (T, C)
    target = io.BytesIO()
    with soundfile.SoundFile(
        target,
        mode="w",
        samplerate=clip.rate_hz,
        channels=clip.channels,
        format=container,
        subtype=subtype,
        compression_level=_QUALITY[to],
    ) as file:
        for start in range(0, len(held), _BLOCK_FRAMES):
            file.write(held[start : start + _BLOCK_FRAMES])
    return target.getvalue()


def decode_raw(encoded: Encoded) -> Clip:
    """Our own headerless bytes as a clip again, for reading the mark back; `decode.decode` reads the others.

    Raises:
        ValueError: a format that has a header.
    """
    if encoded.format is Format.PCM:
        pcm = np.frombuffer(encoded.data, "<i2")
    elif encoded.format is Format.MULAW:
        pcm = mulaw_decode(np.frombuffer(encoded.data, np.uint8))
    else:
        raise ValueError(f"{encoded.format} has a header: decode it like a file")
    samples = pcm.astype(np.float32) / np.float32(32768)
    if encoded.channels > 1:
        samples = np.ascontiguousarray(samples.reshape(-1, encoded.channels).T)
    return Clip(samples, encoded.rate_hz)
