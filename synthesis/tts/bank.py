"""A voice as a file of its own: the ONNX graph and what the Piper and sherpa-onnx runtimes read beside it.

Bytes in, bytes out; who may have such a file is decided elsewhere (`synthesis.services`, `synthesis.desk`). Neither
runtime is linked or shipped: their formats are followed, so that a banked voice outlives this project.

Source: Piper's voice configuration; sherpa-onnx's metadata of VITS models. What they stumble over is noted where
it is avoided.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from synthesis.tts import features, graph, symbols
from synthesis.tts.voice import BaseVoice, Voice
from watermark.codec.portable import Tables

Precision = Literal["float", "int8"]
ESPEAK_VOICES = {"en": "en-us", "en-US": "en-us", "en-GB": "en-gb", "de": "de", "nl": "nl", "cmn": "cmn"}


def model(
    base: BaseVoice, voice: Voice, mark: Tables, *, language: str = "en", precision: Precision = "float"
) -> bytes:
    """The voice as one ONNX file, adapter merged and mark inside.

    Args:
        precision: "int8" quantises the weights of the networks and leaves the signal processing as it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voice.onnx"
        graph.write(base, voice, path, mark)
        if precision == "int8":
            path = _quantised(path)
        made = onnx.load(str(path))
    for key, value in metadata(language).items():
        entry = made.metadata_props.add()
        entry.key, entry.value = key, value
    return bytes(made.SerializeToString())


def _quantised(path: Path) -> Path:
    """MatMul alone: with Gemm included ONNX Runtime writes a graph that it then refuses."""
    clean, small = path.with_name("clean.onnx"), path.with_name("int8.onnx")
    quant_pre_process(str(path), str(clean), skip_symbolic_shape=True)
    drawn = onnx.load(str(clean)).graph
    flat = {weight.name for weight in drawn.initializer if len(weight.dims) == 2}
    # Products outside a layer are the Fourier transforms, the mel bands and the mark: eight bits would be heard.
    # An adapter's small factors come with a batch axis, which the quantised product does not take.
    exact = [one.name for one in drawn.node if one.name.startswith("/MatMul") or not flat.intersection(one.input)]
    quantize_dynamic(
        str(clean), str(small), op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8, per_channel=True,
        nodes_to_exclude=exact,
    )  # fmt: skip
    return small


def metadata(language: str) -> dict[str, str]:
    """What sherpa-onnx reads in the file itself; "piper" is how it names this family."""
    return {
        "model_type": "vits", "comment": "piper", "language": language, "voice": ESPEAK_VOICES.get(language, language),
        "has_espeak": "1", "n_speakers": "1", "sample_rate": str(features.RATE_HZ),
    }  # fmt: skip


def phoneme_map() -> dict[str, list[int]]:
    """Symbols and their numbers; without those that are dropped, which then reach no voice."""
    return {symbol: [number] for symbol, number in symbols.ID_OF.items() if symbol not in symbols.DROPPED}


def piper_config(language: str) -> bytes:
    """The JSON that lies beside the file for Piper, `NAME.onnx.json`."""
    config = {
        "audio": {"sample_rate": features.RATE_HZ, "quality": "medium"},
        "espeak": {"voice": ESPEAK_VOICES.get(language, language)},
        "phoneme_type": "espeak",
        "num_symbols": symbols.COUNT,
        "num_speakers": 1,
        "speaker_id_map": {},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "hop_length": features.HOP,
        "phoneme_id_map": phoneme_map(),
        "language": {"code": language},
    }
    return json.dumps(config, ensure_ascii=False, indent=1).encode()


def tokens() -> bytes:
    """sherpa-onnx's table, one code point a line: it stops at anything longer."""
    return "".join(f"{symbol} {numbers[0]}\n" for symbol, numbers in phoneme_map().items()).encode()


def speak(data: bytes, sentences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """What a file says, run as a stranger would run it: sentences of phoneme ids one after the other, (T,)."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    said = [session.run(None, inputs(ids))[0].reshape(-1) for ids in sentences]
    return np.asarray(np.concatenate(said), np.float32)


def inputs(ids: Sequence[int], slower: float = 1.0) -> dict[str, NDArray[Any]]:
    """What a session is asked with."""
    return {
        "input": np.array([ids], np.int64), "input_lengths": np.array([len(ids)], np.int64),
        "scales": np.array([0.667, slower, 0.8], np.float32),
    }  # fmt: skip
