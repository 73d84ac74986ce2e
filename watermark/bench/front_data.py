"""Marked speech through channels, as the detector sees it: what its network learns from, kept on disk.

    python -m watermark.bench.front_data CACHE [--speech DIR] [--noise DIR] [--part I/N] [--seed N]

A piece is about 25 s of several people in a row, marked under a key of its own at a place drawn at random (nobody
chooses it by agreement), sent through one channel and analysed. Nobody of the bench's table is among them. Channels
are drawn wider than the bench's own, and some kinds the bench has are left out, to see what was not learnt.

Shapes: L frames, C cells, K symbol times, B bands.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from watermark.bench.channels import (
    AMR_122,
    CHANNELS,
    MULAW,
    Channel,
    Floats,
    Sound,
    chain,
    ffmpeg,
    noise,
    opus,
    pitch,
    room,
    sox,
    tempo,
)
from watermark.bench.speech import Clip, clips, levelled, people
from watermark.codec import frames
from watermark.codec.embed import embed
from watermark.codec.evidence import evidence_of
from watermark.codec.keys import MarkKey
from watermark.codec.pattern import NARROW, SYMBOL_S, Pattern, place_of
from watermark.codec.payload import word_of

PIECE_S = 25.0
TABLE_PEOPLE, TABLE_SECONDS, TABLE_SEED = 24, 11.0, 5  # whom the bench's table is made of
KEPT_OUT = 8  # one piece in so many is for judging, not for learning
_DELAYS_S = np.arange(-0.030, 0.0901, 0.0025)

Draw = np.random.Generator


@dataclass(frozen=True)
class Piece:
    """One piece: log energies (L, C), embedded signs (K, B) and the frame of each symbol, first + k * step."""

    channel: str
    energies: npt.NDArray[np.float16]
    signs: npt.NDArray[np.int8]
    first: float
    step: float


def hosts(folder: Path, rng: Draw) -> list[Clip]:
    """Pieces of speech at 16 kHz or more by everybody who is not in the table."""
    seen = {clip.speaker for clip in clips(folder, count=TABLE_PEOPLE, seconds=TABLE_SECONDS, seed=TABLE_SEED)}
    parts: dict[int, list[Floats]] = {}
    for (_, speaker, _), files in people(folder).items():
        if speaker in seen:
            continue
        for file in files[:6]:
            samples, rate_hz = soundfile.read(file, dtype="float32")
            if samples.ndim == 1:
                parts.setdefault(int(rate_hz), []).append(levelled(samples))
    made = []
    for rate_hz, some in sorted(parts.items()):
        order = rng.permutation(len(some))
        whole = np.concatenate([some[index] for index in order])
        size = int(PIECE_S * rate_hz)
        made += [Clip(whole[n * size : (n + 1) * size], rate_hz, "", "?", "") for n in range(len(whole) // size)]
    return made


def _noises(folder: Path) -> list[Floats]:
    found = []
    for file in sorted(folder.rglob("*.flac")):
        samples, rate_hz = soundfile.read(file, dtype="float32")
        if samples.ndim == 1 and len(samples) > 3 * rate_hz and "rir" not in file.parts:
            found.append(frames.resampled(samples, int(rate_hz), 16_000))
    return found


def _with(background: Floats, snr_db: float) -> Channel:
    def channel(samples: Floats, rate_hz: int) -> Sound:
        heard = frames.resampled(samples, rate_hz, 16_000)
        other = np.resize(background, len(heard))
        level = np.sqrt((heard**2).mean() / ((other**2).mean() + 1e-12)) * 10 ** (-snr_db / 20)
        return (heard + level * other).astype(np.float32), 16_000

    return channel


def drawn(rng: Draw, noises: Sequence[Floats]) -> Iterator[tuple[str, Channel, float, float]]:
    """The channels of one piece: name, channel, and by how much times and frequencies are multiplied."""

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    for name in ("none", "G.711 telephone", "GSM full rate", "AMR-NB 12.2", "AMR-NB 7.95", "AMR-NB 4.75"):
        yield name, CHANNELS[name], 1.0, 1.0
    for kbit in (24, 16, 12, 8):
        yield f"Opus {kbit}k", opus(kbit), 1.0, 1.0
    yield "PSTN / VoIP chain", chain(opus(24), AMR_122, noise(between(20, 30)), MULAW), 1.0, 1.0
    yield "noise, much", noise(between(3, 12)), 1.0, 1.0
    yield "noise, little", noise(between(12, 26)), 1.0, 1.0
    if noises:
        yield "background", _with(noises[int(rng.integers(len(noises)))], between(0, 20)), 1.0, 1.0
    yield "room", room(between(0.2, 1.0), between(-2, 4)), 1.0, 1.0
    yield "room and noise", chain(room(between(0.2, 0.7), between(-2, 3)), noise(between(15, 25))), 1.0, 1.0
    factor, semitones = between(0.9, 1.1), between(-2, 2)
    yield "tempo", tempo(factor), 1 / factor, 1.0
    yield "pitch", pitch(semitones), 1.0, 2 ** (round(100 * semitones) / 1200)
    if rng.integers(2):
        yield "AAC", ffmpeg("m4a", "-c:a", "aac", "-b:a", "40k", back_hz=16000), 1.0, 1.0
    else:
        yield "AMR 5.9", sox("amr-nb", "-C", "2"), 1.0, 1.0


def piece(clip: Clip, name: str, channel: Channel, scale: tuple[float, float], rng: Draw) -> Piece:
    """Mark, send, analyse; the delay is the one at which the filter agrees best with what was embedded."""
    key, record = MarkKey(rng.bytes(32)), int(rng.integers(2**48))
    made = embed(clip.samples, clip.rate_hz, key, record, rng=lambda n: int(rng.integers(n)), choices=1)
    heard, rate_hz = channel(made.samples, made.rate_hz)
    cut = int(rng.integers(rate_hz // 100))
    by_time, by_pitch = scale
    spectrum = frames.power(heard[cut:], rate_hz)
    period_s = SYMBOL_S * by_time
    count = int(len(heard) / rate_hz / period_s) - 12
    signs = Pattern(key).chips(place_of(made.salt, made.start), count).carrying(word_of(key, record))
    evidence = evidence_of(spectrum, by_pitch)
    starts = _DELAYS_S - cut / rate_hz
    agree = [(evidence.at(s, count, by_time) * signs)[:, :NARROW].sum() for s in starts]
    start_s = float(starts[int(np.argmax(agree))])
    energies = np.log(spectrum @ frames.cell_weights(round(by_pitch, 4)) + 1e-12).astype(np.float16)
    return Piece(name, energies, signs, start_s * frames.FRAMES_HZ, period_s * frames.FRAMES_HZ)


def write(folder: Path, pieces: Iterator[Piece], told: Callable[[str], None]) -> None:
    """Each piece a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(pieces):
        np.savez(folder / f"{number:03d}.npz", channel=one.channel, energies=one.energies, signs=one.signs,
                 line=np.array([one.first, one.step]))  # fmt: skip
        told(f"{folder.name} {one.channel}: from frame {one.first:.2f}")


def read(file: Path) -> Piece:
    """A piece from its file."""
    with np.load(file, allow_pickle=False) as held:
        first, step = held["line"]
        return Piece(str(held["channel"]), held["energies"], held["signs"], float(first), float(step))


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the pieces of one part of all hosts."""
    parser = argparse.ArgumentParser(prog="python -m watermark.bench.front_data", description=__doc__)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--noise", type=Path, default=Path("../shared/noise"))
    parser.add_argument("--part", default="0/1", help="I/N: every N-th host from the I-th on")
    parser.add_argument("--seed", type=int, default=7, help="of keys, places and channels; the people stay the same")
    asked = parser.parse_args(arguments)
    part, parts = map(int, asked.part.split("/"))
    noises = _noises(asked.noise)
    for number, clip in enumerate(hosts(asked.speech, np.random.default_rng(1))):
        folder = asked.cache / f"{'judge' if number % KEPT_OUT == 0 else 'learn'}-{number:03d}"
        if number % parts == part and not folder.exists():
            rng = np.random.default_rng([asked.seed, number])
            some = (piece(clip, name, channel, (t, p), rng) for name, channel, t, p in drawn(rng, noises))
            write(folder, some, lambda text: print(text, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
