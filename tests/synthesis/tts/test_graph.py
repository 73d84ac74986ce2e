"""The ONNX form of a voice against the original, and the mark inside it."""

import warnings
from itertools import repeat
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from synthesis.tts import graph, symbols
from synthesis.tts.config import SIZES
from synthesis.tts.graph import Graph
from synthesis.tts.stream import pieces
from synthesis.tts.voice import BaseVoice, Voice

IDS = symbols.ids("ðɪs ɪz ɐ tˈɛst, wˈʌn tˈuː.")
VOICE = Voice(np.random.default_rng(0).uniform(-1, 1, 128).astype(np.float32))


@pytest.fixture(scope="module")
def base() -> BaseVoice:
    torch.manual_seed(3)
    made = BaseVoice.blank(SIZES["T"])
    made.acoustic.decoder.out.weight.mul_(2.0)
    made.acoustic.variance.duration.out.bias.fill_(1.6)
    return made


def original(base: BaseVoice, ids: list[int]) -> np.ndarray:
    """The same utterance by `stream`, noise from its first row."""
    progress = base.begin(ids, VOICE, seed=0)
    progress.noise_start = 0
    return np.concatenate(list(pieces(base.acoustic, base.vocoder, progress, None, repeat(1 << 30))))


def run(path: Path, ids: list[int], longer: float = 1.0) -> np.ndarray:
    return runs(path, ids, longer, 1)[0]


def runs(path: Path, ids: list[int], longer: float, times: int) -> list[np.ndarray]:
    """Several utterances of one session: the draws inside differ from one to the next."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    asked = {"input": np.array([ids]), "input_lengths": np.array([len(ids)]),
             "scales": np.array([0.667, longer, 0.8], np.float32)}
    return [np.asarray(session.run(None, asked)[0]) for _ in range(times)]


def write(base: BaseVoice, path: Path, field: np.ndarray | None = None, is_fixed: bool = True) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of every shape it freezes; the tests below would tell
        graph.write(base, VOICE, path, field, is_fixed=is_fixed)
    return path


@pytest.fixture(scope="module")
def fixed(base: BaseVoice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(base, tmp_path_factory.mktemp("onnx") / "fixed.onnx")


@pytest.mark.parametrize("phonemes", ["ðɪs ɪz ɐ tˈɛst, wˈʌn tˈuː.", "hə", "nˈaː̃ ɪz, ˈ wˈɜːld!"])
def test_folding_in_the_graph_is_that_of_symbols(base: BaseVoice, phonemes: str) -> None:
    ids = symbols.ids(phonemes.replace("ˈ ", ""))
    with torch.no_grad():
        folded = Graph(base, VOICE, None).units(torch.tensor(ids))
    assert folded[0].tolist() == [list(unit) for unit in symbols.units(ids)]


@pytest.mark.parametrize("phonemes", ["ðɪs ɪz ɐ tˈɛst, wˈʌn tˈuː.", "nˈoʊ.", "ɐ lˈɔŋɡɚ wˈʌn, ðˌɛn: sˈɪks sˈɛvən ˈeɪt?"])
def test_the_graph_equals_the_original(base: BaseVoice, fixed: Path, phonemes: str) -> None:
    ids = symbols.ids(phonemes)
    wanted, made = original(base, ids), run(fixed, ids)
    assert made.shape == (1, 1, 1, len(wanted))
    assert np.abs(wanted - made[0, 0, 0]).max() < 5e-3 * max(1.0, np.abs(wanted).max())
    assert np.corrcoef(wanted, made[0, 0, 0])[0, 1] > 0.9999


def test_the_length_scale_lengthens(fixed: Path) -> None:
    plain, slow = (run(fixed, IDS, longer).shape[-1] for longer in (1.0, 1.5))
    assert 1.25 < slow / plain < 1.75


def test_one_ceil_tells_piper_where_durations_are(fixed: Path) -> None:
    assert sum(node.op_type == "Ceil" for node in onnx.load(str(fixed)).graph.node) == 1


def test_the_field_is_inside_and_starts_elsewhere_each_time(base: BaseVoice, tmp_path: Path) -> None:
    field = np.zeros((400, 513), np.float32)
    field[:200] = 1.0  # half of the time nothing may be heard
    path = write(base, tmp_path / "marked.onnx", field, is_fixed=False)
    takes = [take[0, 0, 0] for take in runs(path, IDS, 1.0, 6)]
    assert any(not np.array_equal(takes[0], take) for take in takes[1:])
    silent = write(base, tmp_path / "silent.onnx", np.zeros((3, 513), np.float32), is_fixed=False)
    assert not run(silent, IDS).any()
