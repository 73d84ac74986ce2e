"""What the humming voice sounds like: a script as pitch, voicing and magnitudes per frame, and those as sound.

The tables hold textbook values of a neutral adult; nothing in them comes from a recording.

Shapes: T samples, L frames, F bins (513).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from synthesis import engine as seam
from synthesis.hearing import CENTRES_HZ, Traits
from synthesis.tts.text.script import Utterance, Utterances

Floats = NDArray[np.float32]
CHUNK_FRAMES = 24
LEVEL = 0.06  # root mean square of a vowel
_BINS_HZ = np.fft.rfftfreq(seam.N_FFT, 1 / seam.RATE_HZ)

# First three formants in Hz of a neutral adult, by symbol.
_VOWELS = {
    "i": (300, 2300, 3000), "ɪ": (400, 2000, 2600), "e": (450, 2000, 2600), "ɛ": (550, 1800, 2500),
    "æ": (700, 1700, 2400), "a": (750, 1400, 2500), "ɑ": (730, 1100, 2450), "ɔ": (570, 850, 2400),
    "o": (480, 900, 2400), "ʊ": (450, 1050, 2250), "u": (320, 900, 2250), "ʌ": (640, 1200, 2400),
    "ə": (500, 1500, 2500), "ɐ": (620, 1300, 2500), "ɜ": (490, 1350, 1700), "ɚ": (490, 1350, 1700),
    "ᵻ": (420, 1800, 2500), "y": (300, 1750, 2300), "ø": (400, 1600, 2300),
}  # fmt: skip
_MURMURS = {"m": (250, 1000, 2200), "n": (250, 1500, 2400), "ŋ": (250, 2000, 2600), "l": (360, 1100, 2700),
            "ɹ": (350, 1200, 1700), "r": (350, 1300, 1900), "w": (300, 700, 2200), "j": (280, 2200, 2900)}  # fmt: skip
_HISSES = {"s": 6500, "z": 6000, "ʃ": 3500, "ʒ": 3200, "f": 5500, "v": 4500, "θ": 6000, "ð": 4500, "h": 1800,
           "x": 1800, "ç": 4000}  # centre of the noise in Hz  # fmt: skip
_BUZZING = frozenset("zʒvðbdɡɾ")
_PAUSES = {" ": 0.0, ",": 0.16, ";": 0.2, ":": 0.2, ".": 0.3, "!": 0.3, "?": 0.3, "-": 0.1}
_MARKS = frozenset("ˈˌː\u0329")
TABLES = (_VOWELS, _MURMURS, _HISSES, sorted(_BUZZING), _PAUSES)  # what makes this base another base


@dataclass(frozen=True, slots=True)
class _Sound:
    """One symbol's share of the score."""

    frames: int
    shape_db: Floats  # (F,)
    voiced: float  # 0 to 1
    level_db: float
    lift: float  # factor on the pitch


@dataclass(frozen=True, slots=True)
class Score:
    """Everything per frame: pitch (L,), voicing (L,), magnitudes (L, F)."""

    f0_hz: Floats
    voiced: Floats
    magnitude: Floats

    @staticmethod
    def of(
        utterances: Utterances, traits: Traits, rng: np.random.Generator, *, rate: float, pitch: float, energy: float
    ) -> Score:
        """Write the score of a whole script in one voice."""
        person_db = _levelled(np.interp(_BINS_HZ, CENTRES_HZ, np.asarray(traits.spectrum_db)))
        pieces = [_piece(part, traits, person_db, rng, rate, pitch) for part in utterances]
        f0, voiced, level = (np.concatenate([piece[n] for piece in pieces]) for n in range(3))
        return Score(f0, voiced, (10 ** (_smooth(level) / 20) * (LEVEL * energy)).astype(np.float32))


def _levelled(spectrum_db: NDArray[np.float64]) -> Floats:
    """The same spectrum (F,) with a mean power of one."""
    return np.asarray(spectrum_db - 10 * np.log10(np.mean(10 ** (spectrum_db / 10))), np.float32)


def _piece(
    part: Utterance, traits: Traits, person_db: Floats, rng: np.random.Generator, rate: float, pitch: float
) -> tuple[Floats, Floats, Floats]:
    """Pitch (L,), voicing (L,) and level in dB (L, F) of one utterance and its pause."""
    sounds = _sounds(part.phonemes, rate * part.manner.rate, rng)
    rest = round(part.pause_s * seam.RATE_HZ / seam.HOP)
    sounds.append(_Sound(max(1, rest), np.zeros_like(person_db), 0.0, -90.0, 1.0))
    frames = [sound.frames for sound in sounds]
    voiced = np.repeat([sound.voiced for sound in sounds], frames).astype(np.float32)
    lift = np.repeat([sound.lift for sound in sounds], frames)
    fall = np.linspace(traits.f0_spread, -traits.f0_spread, len(lift))  # a sentence ends lower than it began
    f0 = traits.f0_hz * pitch * part.manner.pitch * np.exp(fall) * lift
    level = np.stack([s.shape_db + person_db + np.float32(s.level_db + part.manner.volume_db) for s in sounds])
    return np.clip(f0, 50, 500).astype(np.float32), voiced, np.repeat(level, frames, axis=0)


def _sounds(phonemes: str, rate: float, rng: np.random.Generator) -> list[_Sound]:
    sounds: list[_Sound] = []
    stressed = False
    for symbol in phonemes:
        if symbol == "ː" and sounds:
            sounds[-1] = replace(sounds[-1], frames=sounds[-1].frames + max(1, round(5 / rate)))
        stressed = symbol == "ˈ" or (stressed and symbol not in _VOWELS)
        if symbol not in _MARKS:
            sounds += _one(symbol, rate * float(rng.uniform(0.92, 1.08)), stressed)
            stressed = stressed and symbol not in _VOWELS
    return sounds


def _one(symbol: str, rate: float, stressed: bool) -> list[_Sound]:
    def lasting(seconds: float) -> int:
        return max(1, round(seconds / rate * seam.RATE_HZ / seam.HOP))

    silence = np.zeros(seam.BINS, np.float32)
    if symbol in _PAUSES:
        return [_Sound(lasting(_PAUSES[symbol]), silence, 0.0, -60.0, 1.0)] if _PAUSES[symbol] else []
    if symbol in _HISSES:
        return [_Sound(lasting(0.09), _hiss(_HISSES[symbol]), 0.5 if symbol in _BUZZING else 0.0, -9.0, 1.0)]
    if symbol in _VOWELS or symbol in _MURMURS:
        level = (1.5 if stressed else 0.0) if symbol in _VOWELS else -5.0
        formants = _VOWELS.get(symbol) or _MURMURS[symbol]
        return [_Sound(lasting(0.085), _formants(formants), 0.9, level, 1.12 if stressed else 1.0)]
    # Everything else stops the air and lets it go.
    buzz = 0.6 if symbol in _BUZZING else 0.0
    return [_Sound(lasting(0.045), silence, buzz, -38.0, 1.0), _Sound(lasting(0.03), _hiss(3500), buzz, -8.0, 1.0)]


def _formants(centres: tuple[int, ...]) -> Floats:
    """Bumps of 14 dB at the formants over the person's own spectrum."""
    bumps = sum(np.exp(-0.5 * ((_BINS_HZ - centre) / (80 + 0.06 * centre)) ** 2) for centre in centres)
    return np.asarray(14.0 * bumps - 5.0, np.float32)


def _hiss(centre: int) -> Floats:
    """Noise about a centre: high sounds stay audible in a voice whose spectrum falls off."""
    return np.asarray(22.0 * np.exp(-0.5 * ((_BINS_HZ - centre) / (0.35 * centre + 600)) ** 2) - 4.0, np.float32)


def _smooth(level_db: Floats) -> Floats:
    """Glide from sound to sound over five frames."""
    kernel = np.array([1, 2, 3, 2, 1], np.float32) / 9
    padded = np.pad(level_db, ((2, 2), (0, 0)), mode="edge")
    return np.asarray(sum(kernel[k] * padded[k : k + len(level_db)] for k in range(5)), np.float32)


def source(score: Score, rng: np.random.Generator) -> Floats:
    """Pulses once a period where there is voice, noise everywhere, of power one: (T + N_FFT,)."""
    f0 = np.repeat(score.f0_hz, seam.HOP).astype(np.float64)
    voiced = np.repeat(score.voiced, seam.HOP)
    cycles = np.floor(np.cumsum(f0) / seam.RATE_HZ)
    pulses = np.diff(cycles, prepend=0.0) * np.sqrt(seam.RATE_HZ / f0)
    noise = rng.standard_normal(len(f0))
    mixed = np.sqrt(voiced * 0.85) * pulses + np.sqrt(1 - 0.85 * voiced) * noise
    return np.pad(mixed, seam.N_FFT // 2).astype(np.float32)


def sound(score: Score, excited: Floats, gain: seam.GainField) -> Iterator[Floats]:
    """Filter the source in the STFT domain, mark it, add the frames up; chunk by chunk."""
    window = np.hanning(seam.N_FFT + 1)[:-1].astype(np.float32)
    carried = np.zeros(seam.N_FFT + (CHUNK_FRAMES - 1) * seam.HOP, np.float32)
    total, early = len(score.f0_hz), seam.N_FFT // 2
    held = early  # samples before the first frame's middle belong to nobody
    for first in range(0, total, CHUNK_FRAMES):
        count = min(CHUNK_FRAMES, total - first)
        starts = (first + np.arange(count)) * seam.HOP
        frames = excited[starts[:, None] + np.arange(seam.N_FFT)] * window
        spectrum = np.fft.rfft(frames) * score.magnitude[first : first + count] * gain(first, count)
        pieces = np.fft.irfft(spectrum).astype(np.float32) * (window / 1.5)
        for row in range(count):
            carried[row * seam.HOP : row * seam.HOP + seam.N_FFT] += pieces[row]
        ready = count * seam.HOP
        last = first + count == total
        yield carried[held : ready + (early if last else 0)].copy()
        carried = np.concatenate([carried[ready:], np.zeros(ready, np.float32)])
        held = 0
