"""From folders of speech to training shards: `python -m synthesis.training data`.

Reads every recording that `corpora` allows, brings it to 24 kHz and to one level, and writes
waves, log-mels, pitch and phoneme ids as flat arrays beside a manifest that holds one row and
one hash per utterance. It does not align (see `train_aligner`) and never writes outside `folder`.

Files in `folder`: wave.npy int16 (T,), mel.npy float16 (L, 100), f0.npy float32 (L,),
voiced.npy uint8 (L,), units.npy uint8 (N, 3), manifest.jsonl. Every utterance has L = T / 256
frames, and rows in the manifest give its first sample, frame and unit.
"""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray

from synthesis.training.corpora import Recording, recordings
from synthesis.training.espeak import phonemise
from synthesis.tts import features, pitch, symbols

LONGEST_S, SHORTEST_S = 14.0, 0.6
SLOWEST_UNITS, FASTEST_UNITS = 3.0, 30.0  # sounds a second; outside, text and sound do not belong together


@dataclass(frozen=True)
class Row:
    """What the manifest says of one utterance. Lengths are in frames and units."""

    name: str
    corpus: str
    speaker: str
    split: str
    narrow: bool  # the recording ends near 8 kHz: losses above stay silent
    sha256: str
    first_frame: int
    frames: int
    first_unit: int
    units: int


def load(path: Path) -> tuple[NDArray[np.float32], bool]:
    """A recording at 24 kHz and at our level, a whole number of hops long; and whether it is narrow."""
    wave, rate_hz = soundfile.read(path, dtype="float32")
    wave = soxr.resample(wave, rate_hz, features.RATE_HZ).astype(np.float32)
    wave = features.levelled(wave)
    return wave[: len(wave) // features.HOP * features.HOP], rate_hz < features.RATE_HZ


def build(speech: Path, folder: Path) -> None:
    """Make all shards below `folder` from the sets below `speech`."""
    folder.mkdir(parents=True, exist_ok=True)
    listed = list(recordings(speech))
    spoken = _spoken(listed)
    with multiprocessing.Pool(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,)) as pool:
        _write(folder, listed, spoken, pool.imap(_measure, [item.path for item in listed], chunksize=16))


def _spoken(listed: Sequence[Recording]) -> dict[str, list[symbols.Unit]]:
    """Phoneme units of every utterance with text, by name."""
    found: dict[str, list[symbols.Unit]] = {}
    for voice in sorted({item.voice for item in listed if item.voice}):
        items = [item for item in listed if item.voice == voice]
        for item, line in zip(items, phonemise([item.text for item in items], voice), strict=True):
            known = "".join(symbol for symbol in line if symbol in symbols.ID_OF or symbol in symbols.DROPPED)
            found[item.name] = symbols.units(symbols.ids(known))
    return found


Measured = tuple[NDArray[np.int16], NDArray[np.float16], NDArray[np.float32], NDArray[np.uint8], bool, str]


def _measure(path: Path) -> Measured:
    wave, narrow = load(path)
    frames = len(wave) // features.HOP
    f0, voiced = pitch.track(wave)
    mel = features.log_mel(torch.from_numpy(wave)[None])[0, :frames].numpy().astype(np.float16)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    whole = np.round(wave * 32767).astype(np.int16)
    return whole, mel, f0[:frames], voiced[:frames].astype(np.uint8), narrow, digest


def _write(
    folder: Path, listed: Sequence[Recording], spoken: dict[str, list[symbols.Unit]], measured: Iterator[Measured]
) -> None:
    rows: list[Row] = []
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("wave", "mel", "f0", "voiced", "units")}
    frame = unit = 0
    for item, (wave, mel, f0, voiced, narrow, digest) in zip(listed, measured, strict=True):
        length_s = len(wave) / features.RATE_HZ
        if not SHORTEST_S <= length_s <= LONGEST_S:
            continue
        text = spoken.get(item.name, [])
        if not SLOWEST_UNITS <= len(text) / length_s <= FASTEST_UNITS:
            text = []
        rows.append(Row(item.name, item.corpus, item.speaker, item.split, narrow, digest,
                        frame, len(mel), unit, len(text)))
        frame, unit = frame + len(mel), unit + len(text)
        values: tuple[NDArray[Any], ...] = (wave, mel, f0, voiced, np.array(text, np.uint8).reshape(-1, 3))
        for kept, value in zip(parts.values(), values, strict=True):
            kept.append(value)
    for name, kept in parts.items():
        np.save(folder / f"{name}.npy", np.concatenate(kept))
    lines = [json.dumps(asdict(row)) for row in rows]
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


class Shards:
    """The shards of a folder, read without copying (memory maps).

    Attributes: rows (list of Row), and wave, mel, f0, voiced, units as described above;
    durations (int16, one per unit) is None until the aligner has written it.
    """

    def __init__(self, folder: Path) -> None:
        lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
        self.folder = folder
        self.rows = [Row(**json.loads(line)) for line in lines]
        self.wave, self.mel, self.f0, self.voiced, self.units = (
            np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("wave", "mel", "f0", "voiced", "units")
        )
        durations = folder / "durations.npy"
        self.durations = np.load(durations, mmap_mode="r") if durations.exists() else None

    def wave_of(self, row: Row) -> NDArray[np.float32]:
        """The sound of a row, (T,)."""
        first, end = (frame * features.HOP for frame in (row.first_frame, row.first_frame + row.frames))
        return self.wave[first:end].astype(np.float32) / 32768

    def mel_of(self, row: Row) -> NDArray[np.float32]:
        """The log-mel of a row, (L, M)."""
        return self.mel[row.first_frame : row.first_frame + row.frames].astype(np.float32)

    def units_of(self, row: Row) -> NDArray[np.int64]:
        """The units of a row, (N, 3)."""
        return self.units[row.first_unit : row.first_unit + row.units].astype(np.int64)
