"""Runs in the runtimes' environment: lets Piper and sherpa-onnx speak an exported voice. Imports nothing of ours.

    python strangers.py BUNDLE_FOLDER SENTENCES.json OUT_FOLDER

Writes `piper-N.wav` and `sherpa-N.wav`, and `told.json`: seconds of sound, CPU seconds, and whether Piper could tell
where its phonemes lie. Both runtimes are as they come; sherpa-onnx gets its phonemes from Piper's phonemizer.
"""

import importlib
import json
import sys
import time
import wave
from pathlib import Path
from typing import Any

import soundfile


def piper(folder: Path, sentences: list[str], out: Path) -> dict[str, Any]:
    """Every sentence by `PiperVoice`."""
    voice = importlib.import_module("piper").PiperVoice.load(folder / "voice.onnx")
    began, seconds = time.process_time(), 0.0
    for number, sentence in enumerate(sentences):
        with wave.open(str(out / f"piper-{number}.wav"), "wb") as file:
            voice.synthesize_wav(sentence, file)
            seconds += file.getnframes() / file.getframerate()
    return {"seconds": seconds, "cpu_s": time.process_time() - began}


def sherpa(folder: Path, phonemes: list[list[list[int]]], out: Path) -> dict[str, Any]:
    """Every sentence by `OfflineTts`, from code points."""
    tool = importlib.import_module("sherpa_onnx")
    vits = tool.OfflineTtsVitsModelConfig(model=str(folder / "voice.onnx"), tokens=str(folder / "tokens.txt"))
    model = tool.OfflineTtsModelConfig(vits=vits, num_threads=1)
    tts = tool.OfflineTts(tool.OfflineTtsConfig(model=model))
    began, seconds = time.process_time(), 0.0
    for number, codepoints in enumerate(phonemes):
        config = tool.GenerationConfig()
        config.phoneme_codepoints = codepoints
        said = tts.generate("", config)
        soundfile.write(out / f"sherpa-{number}.wav", said.samples, said.sample_rate, subtype="PCM_16")
        seconds += len(said.samples) / said.sample_rate
    return {"seconds": seconds, "cpu_s": time.process_time() - began}


def main(bundle: str, sentences_file: str, out_folder: str) -> None:
    """Speak all sentences in both."""
    folder, out = Path(bundle), Path(out_folder)
    sentences = json.loads(Path(sentences_file).read_text(encoding="utf-8"))
    told = {"piper": piper(folder, sentences, out)}
    voice = importlib.import_module("piper").PiperVoice.load(folder / "voice.onnx")
    known = {line.rsplit(" ", 1)[0] for line in (folder / "tokens.txt").read_text(encoding="utf-8").splitlines()}
    spelled = [
        [[ord(symbol) for symbol in part if symbol in known] for part in voice.phonemize(sentence)]
        for sentence in sentences
    ]
    told["sherpa"] = sherpa(folder, spelled, out)
    (out / "told.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
