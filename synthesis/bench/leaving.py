"""Does an exported voice speak in runtimes that are not ours, and is its mark found in what they say?

    ./run bench voice --only export

The base voice stands in for a banked one; it is written out in float and in int8, spoken by unmodified Piper and
sherpa-onnx in an environment of their own, and every sound is searched for the mark, as it is and through G.711.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile
from numpy.typing import NDArray

from audio.clip import Clip
from audio.g711 import mulaw_decode, mulaw_encode
from audio.resample import resample
from synthesis.bench import environment
from synthesis.exports import bundle
from synthesis.tts import bank, features, symbols, text
from synthesis.tts.voice import BaseVoice, Voice
from watermark.codec import detect
from watermark.codec.keys import STRETCHES, MarkKey
from watermark.codec.portable import tables

Floats = NDArray[np.float32]
SENTENCES = (
    "Good morning, this is my voice, and it speaks without the house it was made in.",
    "Your parcel is on its way and will be with you between nine and eleven o'clock.",
    "She asked whether the early train would stop at the old bridge on Sunday.",
    "Please hold the line, and somebody will be with you in a moment.",
    "Nobody knew why the garden gate had been left open again last night.",
    "The weather will be fine in the morning, with some rain in the afternoon.",
)
PRECISIONS: tuple[bank.Precision, ...] = ("float", "int8")
RECORD = 0x1EAF_1E55_B00C


def report(weights: Path, folder: Path) -> str:
    """Tables of what was heard and how fast it was, as Markdown."""
    base = BaseVoice.load(weights)
    own = MarkKey(b"bench" * 8)
    heard = ["| runtime | weights | sounds | found | found after G.711 | worst p | RTF (CPU s) | MB |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for precision in PRECISIONS:
        key = own.leaving(precision, RECORD)
        home = _written(base, key, precision, folder / precision)
        told = _spoken(home, folder)
        size = (home / "voice.onnx").stat().st_size / 1e6
        for runtime in ("piper", "sherpa"):
            files = [home / f"{runtime}-{number}.wav" for number in range(len(SENTENCES))]
            plain, phone = (_found(files, key, phone) for phone in (False, True))
            spent = told[runtime]["cpu_s"] / told[runtime]["seconds"]
            heard.append(
                f"| {runtime} | {precision} | {len(files)} | {sum(p <= 1e-6 for p in plain)} "
                f"| {sum(p <= 1e-6 for p in phone)} | {max(plain + phone):.0e} | {spent:.3f} | {size:.1f} |"
            )
    return "\n".join([*heard, "", _ours(base, folder)])


def _written(base: BaseVoice, key: MarkKey, precision: bank.Precision, home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    voice = Voice(base.voices[min(base.voices)])
    made = bank.model(base, voice, tables(key), precision=precision)
    parts = bundle.Parts(made, bank.piper_config("en"), bank.tokens(), {}, None, None)
    (home / "voice.zip").write_bytes(bundle.write(parts))
    for name, data in (("voice.onnx", made), ("voice.onnx.json", parts.config), ("tokens.txt", parts.tokens)):
        (home / name).write_bytes(data)
    return home


def _spoken(home: Path, folder: Path) -> dict[str, dict[str, float]]:
    sentences = folder / "sentences.json"
    sentences.write_text(json.dumps(SENTENCES), encoding="utf-8")
    script = Path(__file__).with_name("strangers.py")
    command = [str(environment.runtimes(folder)), str(script), str(home), str(sentences), str(home)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, dict[str, float]] = json.loads((home / "told.json").read_text(encoding="utf-8"))
    return told


def _found(files: list[Path], key: MarkKey, phone: bool) -> list[float]:
    """For each sound the p-value of the mark, the platform's own pattern paid for too; 1 where none is found."""
    found = []
    for file in files:
        samples, rate_hz = soundfile.read(file, dtype="float32")
        clip = Clip(samples, int(rate_hz))
        if phone:
            narrow = resample(clip, 8_000).samples
            codes = mulaw_encode((narrow.clip(-1, 1) * 32767).astype(np.int16))
            clip = Clip((mulaw_decode(codes) / 32768).astype(np.float32), 8_000)
        answer = detect.detect(clip.samples, clip.rate_hz, [key], search="none")
        found.append(min(1.0, answer.p_value * (1 + STRETCHES)) if answer.record == RECORD else 1.0)
    return found


def _ours(base: BaseVoice, folder: Path) -> str:
    """torch beside the two files in one thread of ONNX Runtime: time, and how far the sound is away."""
    ids = [symbols.ids(text.phonemes(sentence)) for sentence in SENTENCES]
    voice = Voice(base.voices[min(base.voices)])
    wanted, spent = _timed(lambda one: base.speak(one, voice, seed=0), ids)
    lines = ["| form | RTF (CPU s), one thread | long-term spectrum against torch, dB |", "|---|---|---|",
             f"| torch | {spent:.4f} | 0 |"]  # fmt: skip
    for precision in PRECISIONS:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(folder / precision / "voice.onnx"), options, providers=["CPUExecutionProvider"]
        )
        made, spent = _timed(lambda one, run=session: run.run(None, bank.inputs(one))[0].reshape(-1), ids)  # type: ignore[misc]  # mypy cannot infer a default
        lines.append(f"| ONNX {precision} | {spent:.4f} | {_apart_db(wanted, made):.2f} |")
    return "\n".join(lines)


def _timed(say: Callable[[list[int]], Floats], every: list[list[int]]) -> tuple[list[Floats], float]:
    """Sounds, and CPU seconds per second of sound."""
    say(every[0])
    began = time.process_time()
    made = [say(one) for one in every]
    return made, (time.process_time() - began) / (sum(map(len, made)) / features.RATE_HZ)


def _apart_db(one: list[Floats], two: list[Floats]) -> float:
    """Root mean square over bands of the difference of long-term levels: timing may move by a frame, levels may not."""
    levels = []
    for sounds in (one, two):
        frames = np.concatenate([sound[: len(sound) // 1024 * 1024].reshape(-1, 1024) for sound in sounds])
        power = np.square(np.abs(np.fft.rfft(frames * np.hanning(1024)))).mean(0)
        levels.append(10 * np.log10(power[8:340].reshape(-1, 4).sum(1) + 1e-12))
    return float(np.sqrt(np.square(levels[0] - levels[1]).mean()))
