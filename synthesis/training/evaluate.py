"""What the checkpoints can do: `python -m synthesis.training evaluate`.

Copy synthesis of people never trained on (PESQ, STOI), word errors of the base voice beside her
own recordings of the same held-out prompts, closed and open vocabulary, and the model's speed.
Writes `evaluation.json` and sample waves below the work folder. Similarity and naturalness by
other people's networks are measured elsewhere (`./run bench voice`).
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import torch

from synthesis.training.corpora import recordings
from synthesis.training.data import Row, Shards
from synthesis.training.espeak import phonemise
from synthesis.training.export import BASE_SPEAKER
from synthesis.training.words import Recogniser, error_rate, spoken
from synthesis.tts import features, symbols
from synthesis.tts.voice import BaseVoice

COPIED = (
    ("flemishguy", "unseen"),
    ("ljspeech-sample", "unseen"),
    ("speechocean762", "unseen"),
    ("kathleen", "held_out"),
)
CLIPS = 8


def evaluate(base: BaseVoice, shards: Shards, speech: Path, folder: Path, prompts: int = 100) -> dict[str, Any]:
    """Measure `base`; prints as it goes."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {"copy synthesis": copies(base, shards)}
    print(json.dumps(found, indent=1), flush=True)
    found |= understood(base, shards, speech, folder, prompts)
    print(json.dumps(found, indent=1), flush=True)
    return found


def copies(base: BaseVoice, shards: Shards) -> dict[str, dict[str, float]]:
    """PESQ-WB and STOI of the vocoder on recorded frames, by set."""
    found = {}
    for corpus, split in COPIED:
        rows = [row for row in shards.rows if (row.corpus, row.split) == (corpus, split) and row.frames > 150]
        pairs = [_copied(base, shards, row) for row in rows[:: max(1, len(rows) // CLIPS)][:CLIPS]]
        found[corpus] = {
            "pesq": round(float(np.mean([p for p, _ in pairs])), 3),
            "stoi": round(float(np.mean([s for _, s in pairs])), 4),
            "clips": len(pairs),
        }
    return found


@torch.no_grad()
def _copied(base: BaseVoice, shards: Shards, row: Row) -> tuple[float, float]:
    real = shards.wave_of(row)
    at = slice(row.first_frame, row.first_frame + row.frames)
    mel = features.log_mel(torch.from_numpy(real)[None])[:, : row.frames]
    f0, voiced = (torch.from_numpy(np.array(track[at], np.float32))[None] for track in (shards.f0, shards.voiced))
    made = base.vocoder(mel, f0, voiced)[0].numpy()
    a, b = (soxr.resample(wave, features.RATE_HZ, 16_000) for wave in (real, made))
    from pesq import pesq  # of the bench extra: nothing else of the training needs them
    from pystoi import stoi

    return float(pesq(16_000, a, b, "wb")), float(stoi(a, b, 16_000))


def understood(base: BaseVoice, shards: Shards, speech: Path, folder: Path, prompts: int) -> dict[str, Any]:
    """Word error rates with intervals, real and made, and the real-time factor."""
    texts = {item.name: item.text for item in recordings(speech) if item.corpus == BASE_SPEAKER}
    rows = [row for row in shards.rows if row.corpus == BASE_SPEAKER and row.split == "held_out"][:prompts]
    lines = phonemise([texts[row.name] for row in rows], "en-us")
    made, spent = [], 0.0
    for row, line in zip(rows, lines, strict=True):
        started = time.process_time()
        wave = base.speak(symbols.ids(line), base.voices[BASE_SPEAKER], seed=1)
        spent += time.process_time() - started
        soundfile.write(folder / f"{row.name}.wav", wave, base.rate_hz)
        made.append(wave)
    real = [shards.wave_of(row) for row in rows]
    length_s = sum(len(wave) for wave in made) / base.rate_hz
    found: dict[str, Any] = {"prompts": len(rows), "cpu_rtf": round(spent / length_s, 4)}
    for kind, closed in (("closed", [texts[row.name] for row in rows]), ("open", None)):
        recogniser = Recogniser(closed)
        for name, waves in (("made", made), ("real", real)):
            pairs = [
                (spoken(texts[row.name]), recogniser.words(wave, base.rate_hz))
                for row, wave in zip(rows, waves, strict=True)
            ]
            found[f"wer {kind} {name}"] = [round(value, 4) for value in error_rate(pairs)]
    return found
