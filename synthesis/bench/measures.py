"""Runs in the measuring environment: sound files in, numbers out. Imports nothing of the project.

    python measures.py REQUEST.json ANSWER.json

Request: {"clips": {name: wav}, "joined": {name: [wav, ...]}, "pairs": {name: [reference wav, wav]},
"shapes": {name: [reference wav, wav]}}, 16 kHz mono.
Answer: per clip DNSMOS (ovrl, sig, bak, p808) and, per joined set, the Resemblyzer embedding; per pair PESQ-WB,
STOI and mel-cepstral distortion; per shape distortion and F0 error after time warping. One line of progress per
file on the error stream.

Shapes: T samples, L frames, C cepstral coefficients (13).
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE_HZ = 16_000
# Tools that only this environment has; imported by name, so that the product's type checker need not know them.
_TOOLS: dict[str, Any] = {}


def tool(name: str) -> Any:
    """A module of this environment, imported at first use."""
    if name not in _TOOLS:
        _TOOLS[name] = importlib.import_module(name)
    return _TOOLS[name]


def read(path: str) -> Any:
    """A 16 kHz mono file as float64 (T,)."""
    samples, rate_hz = soundfile.read(path)
    if rate_hz != RATE_HZ or samples.ndim != 1:
        raise ValueError(f"{path}: 16 kHz mono is wanted")
    return samples


def dnsmos(path: str) -> dict[str, float]:
    """DNSMOS P.835 and P.808 of one clip."""
    made = tool("speechmos.dnsmos").run(np.clip(read(path), -1, 1), sr=RATE_HZ)
    return {key.removesuffix("_mos"): float(value) for key, value in made.items() if key.endswith("_mos")}


def embedding(paths: list[str], encoder: Any) -> list[float]:
    """Resemblyzer's utterance embedding of the clips joined."""
    joined = np.concatenate([read(path) for path in paths]).astype(np.float32)
    heard = tool("resemblyzer").preprocess_wav(joined, source_sr=RATE_HZ)
    return [float(value) for value in encoder.embed_utterance(heard)]


def pair(reference: str, made: str) -> dict[str, float]:
    """Copy synthesis against its original, cut to the shorter."""
    real, copy = read(reference), read(made)
    size = min(len(real), len(copy))
    real, copy = real[:size], copy[:size]
    return {
        "pesq": float(tool("pesq").pesq(RATE_HZ, real, copy, "wb")),
        "stoi": float(tool("pystoi").stoi(real, copy, RATE_HZ)),
        "mcd": mcd(real, copy),
    }


def mcd(real: Any, made: Any) -> float:
    """Mel-cepstral distortion in dB over 13 coefficients of an 80-band log mel spectrum, 5 ms, after DTW."""
    return shape(real, made)["mcd"]


def shape(real: Any, made: Any) -> dict[str, float]:
    """Distortion (see `mcd`) and the root mean square error of F0 in Hz where both are voiced, on the same path."""
    librosa = tool("librosa")
    left, right = (_cepstrum(librosa, samples) for samples in (real, made))
    _, path = librosa.sequence.dtw(X=left, Y=right, metric="euclidean")
    steps = [float(np.sqrt(2 * np.sum((left[:, i] - right[:, j]) ** 2))) for i, j in path]
    one, two = (tool("pyworld").harvest(samples.astype(np.float64), RATE_HZ)[0] for samples in (real, made))
    tuned = [(one[i], two[j]) for i, j in path if i < len(one) and j < len(two) and one[i] > 0 and two[j] > 0]
    error = float(np.sqrt(np.mean([(a - b) ** 2 for a, b in tuned]))) if tuned else float("nan")
    return {"mcd": float(10 / np.log(10) * np.mean(steps)), "f0_hz": error}


def _cepstrum(librosa: Any, samples: Any) -> Any:
    """(C, L) without the level; natural-log amplitude scaled so that the distortion is in decibels."""
    mel = librosa.feature.melspectrogram(y=samples, sr=RATE_HZ, n_fft=512, hop_length=80, n_mels=80, power=1.0)
    return librosa.feature.mfcc(S=np.log(np.maximum(mel, 1e-4)), n_mfcc=14, norm="ortho")[1:] / np.sqrt(80)


def main(request_file: str, answer_file: str) -> None:
    """Measure all that the request names."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    answer: dict[str, dict[str, Any]] = {"clips": {}, "joined": {}, "pairs": {}, "shapes": {}}
    encoder = tool("resemblyzer").VoiceEncoder("cpu", verbose=False) if request["joined"] else None
    for name, path in request["clips"].items():
        answer["clips"][name] = dnsmos(path)
        sys.stderr.write(f"dnsmos {name}\n")
    for name, paths in request["joined"].items():
        answer["joined"][name] = embedding(paths, encoder)
        sys.stderr.write(f"speaker {name}\n")
    for name, (reference, made) in request["pairs"].items():
        answer["pairs"][name] = pair(reference, made)
        sys.stderr.write(f"copy {name}\n")
    for name, (reference, made) in request["shapes"].items():
        answer["shapes"][name] = shape(read(reference), read(made))
        sys.stderr.write(f"shape {name}\n")
    Path(answer_file).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
