"""What happens to a clip between us and the one who hears it: codecs, noise, rooms, editors.

Every channel is a function (samples, rate_hz) -> (samples, rate_hz). Randomness is seeded by the clip's
length, so a run can be repeated.
"""

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from watermark.bench.tools import through

Floats = npt.NDArray[np.float32]
Sound = tuple[Floats, int]
Channel = Callable[[Floats, int], Sound]

FFMPEG = ("ffmpeg", "-v", "error", "-y")
TELEPHONE = "highpass=f=300,lowpass=f=3400"


def ffmpeg(extension: str, *arguments: str, filters: str = "anull", back_hz: int | None = None) -> Channel:
    """Encode with ffmpeg and decode again."""
    name = f"coded.{extension}"
    decode = ("-ar", str(back_hz)) if back_hz else ()

    def channel(samples: Floats, rate_hz: int) -> Sound:
        return through(
            samples,
            rate_hz,
            (*FFMPEG, "-i", "in.wav", "-af", filters, *arguments, name),
            (*FFMPEG, "-i", name, *decode, "out.wav"),
        )

    return channel


def sox(extension: str, *arguments: str) -> Channel:
    """A telephone codec of sox at 8 kHz, after the telephone's band."""
    name = f"coded.{extension}"

    def channel(samples: Floats, rate_hz: int) -> Sound:
        return through(
            samples,
            rate_hz,
            (*FFMPEG, "-i", "in.wav", "-af", TELEPHONE, "-ar", "8000", "tel.wav"),
            ("sox", "-V1", "tel.wav", *arguments, name),
            ("sox", "-V1", name, "-e", "signed", "-b", "16", "out.wav"),
        )

    return channel


def opus(kbit: int) -> Channel:
    """Opus for speech."""
    return ffmpeg("opus", "-c:a", "libopus", "-b:a", f"{kbit}k", "-application", "voip", back_hz=16000)


def speex(samples: Floats, rate_hz: int) -> Sound:
    """Speex narrow-band at 8 kbit/s."""
    return through(
        samples,
        rate_hz,
        (*FFMPEG, "-i", "in.wav", "-af", TELEPHONE, "-ar", "8000", "tel.wav"),
        ("speexenc", "--bitrate", "8000", "tel.wav", "coded.spx"),
        ("speexdec", "coded.spx", "out.wav"),
    )


def codec2(mode: str) -> Channel:
    """The codec of digital radio: 3200 or 1300 bit/s."""

    def channel(samples: Floats, rate_hz: int) -> Sound:
        return through(
            samples,
            rate_hz,
            (*FFMPEG, "-i", "in.wav", "-af", TELEPHONE, "-ar", "8000", "-f", "s16le", "tel.raw"),
            ("c2enc", mode, "tel.raw", "coded.c2"),
            ("c2dec", mode, "coded.c2", "out.raw"),
            out="out.raw",
        )

    return channel


def noise(snr_db: float) -> Channel:
    """White noise."""

    def channel(samples: Floats, rate_hz: int) -> Sound:
        rng = np.random.default_rng(len(samples))
        level = float(np.sqrt((samples**2).mean())) * 10 ** (-snr_db / 20)
        return samples + level * rng.standard_normal(len(samples)).astype(np.float32), rate_hz

    return channel


def room(rt60_s: float, direct_db: float) -> Channel:
    """A room: exponential decay of `rt60_s` seconds, the direct sound `direct_db` above the rest."""

    def channel(samples: Floats, rate_hz: int) -> Sound:
        rng = np.random.default_rng(len(samples))
        count = int(rt60_s * rate_hz)
        tail = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
        tail[: int(0.003 * rate_hz)] = 0.0
        tail *= 10 ** (-direct_db / 20) / np.sqrt((tail**2).sum())
        tail[0] = 1.0
        return _level_of(samples, fftconvolve(samples, tail)[: len(samples)].astype(np.float32)), rate_hz

    return channel


def _level_of(before: Floats, after: Floats) -> Floats:
    gain = np.sqrt((before**2).mean() / ((after**2).mean() + 1e-12))
    return np.asarray(after * gain, np.float32)


def rerecorded(samples: Floats, rate_hz: int) -> Sound:
    """Played in a room and recorded again: loudspeaker band, RT60 0.5 s, noise at 20 dB."""
    band = butter(2, [150, min(7000, 0.45 * rate_hz)], "bandpass", fs=rate_hz, output="sos")
    in_room, _ = room(0.5, 0.0)(sosfilt(band, samples).astype(np.float32), rate_hz)
    return noise(20)(in_room, rate_hz)


def echo(samples: Floats, rate_hz: int) -> Sound:
    """One echo after 100 ms at -8 dB."""
    late = np.pad(samples, (rate_hz // 10, 0))[: len(samples)]
    return (samples + 0.4 * late).astype(np.float32), rate_hz


def speed(factor: float) -> Channel:
    """Played faster or slower, pitch and all."""

    def channel(samples: Floats, rate_hz: int) -> Sound:
        return resample_poly(samples, 1000, round(1000 * factor)).astype(np.float32), rate_hz

    return channel


def tempo(factor: float) -> Channel:
    """Faster or slower at the same pitch (WSOLA)."""
    return ffmpeg("wav", filters=f"atempo={factor}")


def pitch(semitones: float) -> Channel:
    """Higher or lower at the same tempo."""

    def channel(samples: Floats, rate_hz: int) -> Sound:
        cents = ("sox", "-V1", "in.wav", "out.wav", "pitch", str(round(100 * semitones)))
        return through(samples, rate_hz, cents)

    return channel


def griffin_lim(bands: int = 80) -> Channel:
    """Mel spectrogram and back: what a neural vocoder is fed with, without the network."""
    from watermark.bench.vocoders import mel_and_back

    return lambda samples, rate_hz: mel_and_back(samples, rate_hz, bands)


def world(samples: Floats, rate_hz: int) -> Sound:
    """The WORLD vocoder at 16 kHz."""
    from watermark.bench.vocoders import world_and_back

    return world_and_back(samples, rate_hz)


def our_vocoder(samples: Floats, rate_hz: int) -> Sound:
    """Our own vocoder, unmarked, fed with what was measured of the marked sound: a program of its own, at 16 kHz."""
    program = (sys.executable, "-m", "synthesis.bench.copies", "in.wav", "out.wav")
    return through(samples, rate_hz, program)


def chain(*parts: Channel) -> Channel:
    """One channel after the other."""

    def channel(samples: Floats, rate_hz: int) -> Sound:
        for part in parts:
            samples, rate_hz = part(samples, rate_hz)
        return samples, rate_hz

    return channel


def _plain(change: Callable[[Floats], npt.NDArray[np.floating]]) -> Channel:
    return lambda samples, rate_hz: (change(samples).astype(np.float32), rate_hz)


def _equaliser(samples: Floats, rate_hz: int) -> Sound:
    boosts = ("treble=g=5:f=3000", "bass=g=-4:f=300")
    return through(samples, rate_hz, (*FFMPEG, "-i", "in.wav", "-af", ",".join(boosts), "out.wav"))


MULAW = ffmpeg("wav", "-ar", "8000", "-c:a", "pcm_mulaw", filters=TELEPHONE)
AMR_122 = sox("amr-nb", "-C", "7")
AAC_64 = ffmpeg("m4a", "-c:a", "aac", "-b:a", "64k", back_hz=16000)

CHANNELS: dict[str, Channel] = {
    "none": lambda samples, rate_hz: (samples, rate_hz),
    "MP3 128k": ffmpeg("mp3", "-c:a", "libmp3lame", "-b:a", "128k"),
    "MP3 64k": ffmpeg("mp3", "-c:a", "libmp3lame", "-b:a", "64k"),
    "AAC 48k": ffmpeg("m4a", "-c:a", "aac", "-b:a", "48k", back_hz=16000),
    "16 kHz": ffmpeg("wav", "-ar", "16000"),
    "low-pass 4 kHz": ffmpeg("wav", filters="lowpass=f=4000:p=2"),
    "8 bit": _plain(lambda x: np.round(x * 127) / 127),
    "gain -12 dB": _plain(lambda x: x * 0.25),
    "clipped +12 dB": _plain(lambda x: np.clip(x * 4, -0.5, 0.5)),
    "polarity": _plain(lambda x: -x),
    "G.711 telephone": MULAW,
    "G.722": ffmpeg("wav", "-ar", "16000", "-c:a", "g722"),
    "tempo 0.9": tempo(0.9),
    "tempo 1.1": tempo(1.1),
    "speed 0.95": speed(0.95),
    "speed 1.05": speed(1.05),
    "pitch +1": pitch(1.0),
    "pitch -2": pitch(-2.0),
    "reverb 0.3 s": room(0.3, 3.0),
    "echo": echo,
    "WORLD": world,
    "mel + Griffin-Lim": griffin_lim(),
    "Opus 24k": opus(24),
    "Opus 16k": opus(16),
    "noise 20 dB": noise(20),
    "AMR-NB 12.2": AMR_122,
    "Opus 12k": opus(12),
    "Opus 8k": opus(8),
    "Speex 8k": speex,
    "AMR-NB 7.95": sox("amr-nb", "-C", "5"),
    "GSM full rate": sox("gsm"),
    "PSTN / VoIP chain": chain(opus(24), AMR_122, noise(25), MULAW),
    "noise 10 dB": noise(10),
    "reverb 0.8 s": room(0.8, 0.0),
    "re-recorded": rerecorded,
    "AMR-NB 4.75": sox("amr-nb", "-C", "0"),
    "codec2 3200": codec2("3200"),
    "noise 5 dB": noise(5),
    "remover": chain(tempo(0.93), pitch(1.3), _equaliser, AAC_64),
    "our own vocoder": our_vocoder,
}
