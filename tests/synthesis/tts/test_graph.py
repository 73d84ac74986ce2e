"""The ONNX form of a voice against the original, and the mark inside it."""

from dataclasses import replace
from itertools import combinations, repeat
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from synthesis.tts import adapter, graph, symbols
from synthesis.tts.adapter import Adapter
from synthesis.tts.config import SIZES
from synthesis.tts.graph import Graph
from synthesis.tts.stream import pieces
from synthesis.tts.voice import BaseVoice, Voice
from watermark.codec import portable
from watermark.codec.keys import MarkKey
from watermark.codec.portable import Tables

KEY = MarkKey(b"p" * 32).leaving("export/one", 7)
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


def write(base: BaseVoice, path: Path, mark: Tables | None = None, is_fixed: bool = True) -> Path:
    graph.write(base, VOICE, path, mark, is_fixed=is_fixed)
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


def test_the_field_in_the_graph_is_that_of_the_tables(base: BaseVoice) -> None:
    mark = portable.tables(KEY)
    with torch.no_grad():
        made = Graph(base, VOICE, mark).gains(torch.arange(90), torch.tensor([0.75])).numpy()
    assert np.abs(made - mark.gains(6144, 0, 90)).max() < 1e-4


def test_the_mark_is_inside_and_starts_elsewhere_each_time(base: BaseVoice, tmp_path: Path) -> None:
    path = write(base, tmp_path / "marked.onnx", portable.tables(KEY), is_fixed=False)
    takes = [take[0, 0, 0] for take in runs(path, IDS, 1.0, 5)]
    assert all(not np.array_equal(one, two) for one, two in combinations(takes, 2))


def test_a_runtime_that_draws_the_same_again_begins_elsewhere_for_other_words(base: BaseVoice) -> None:
    drawing, starts = Graph(base, VOICE, portable.tables(KEY)), []
    for phonemes in ("hə", "əh", "hə.", "hə!", "ðɪs ɪz ɐ tˈɛst", "ðɪs ɪz ɐ tˈɛsts"):
        torch.manual_seed(1)
        ids = torch.tensor(symbols.ids(phonemes))
        starts.append(int(drawing.draw(ids, torch.zeros(3)) * len(drawing.signs)))
    assert len(set(starts)) == len(starts)


def test_every_sound_goes_through_the_field(base: BaseVoice, tmp_path: Path) -> None:
    """What is multiplied is the sound itself: a field of nothing leaves nothing."""
    mark = portable.tables(KEY)
    parts = {"signs": np.ones_like(mark.signs), "arches": np.ones_like(mark.arches), "bins": -np.ones_like(mark.bins)}
    mute = replace(mark, **parts, limit_db=1e4)
    assert np.abs(run(write(base, tmp_path / "mute.onnx", mute), IDS)).max() < 1e-9


WEIGHTS = Path(graph.__file__).parents[1] / "weights"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[BaseVoice, Voice, Path]:
    base = BaseVoice.load(WEIGHTS)
    voice = Voice(base.voices["kathleen"])
    path = tmp_path_factory.mktemp("shipped") / "kathleen.onnx"
    graph.write(base, voice, path, None, is_fixed=True)
    return base, voice, path


def test_the_shipped_weights_say_the_same_in_both(shipped: tuple[BaseVoice, Voice, Path]) -> None:
    """A rounding may make a duration one frame longer on the way; then nothing can be compared, so none may."""
    base, voice, path = shipped
    for phonemes in ("ðɪs ɪz ɐ tˈɛst, wˈʌn tˈuː.", "plˈiːz hˈoʊld ðə lˈaɪn, sˈʌmbɑːdi wɪl biː wɪð juː sˈuːn."):
        ids = symbols.ids(phonemes)
        progress = base.begin(ids, voice, seed=0)
        progress.noise_start = 0
        wanted = np.concatenate(list(pieces(base.acoustic, base.vocoder, progress, None, repeat(1 << 30))))
        made = run(path, ids)[0, 0, 0]
        assert made.shape == wanted.shape
        assert np.abs(wanted - made).max() < 5e-3


def test_an_adapter_is_merged_into_the_graph(shipped: tuple[BaseVoice, Voice, Path], tmp_path: Path) -> None:
    """Of random adapters: here and there a frame lies on the edge between voiced and not, and a rounding decides."""
    base, voice, plain = shipped
    before, far = run(plain, IDS)[0, 0, 0], []
    for seed in (5, 6, 7):
        adapted = random_voice(base, voice, seed)
        graph.write(base, adapted, tmp_path / "adapted.onnx", None, is_fixed=True)
        progress = base.begin(IDS, adapted, seed=0)
        progress.noise_start = 0
        wanted = np.concatenate(list(pieces(base.acoustic, base.vocoder, progress, None, repeat(1 << 30))))
        made = run(tmp_path / "adapted.onnx", IDS)[0, 0, 0]
        assert before.shape != made.shape or np.abs(before - made).max() > 5e-2
        assert np.corrcoef(wanted, made)[0, 1] > 0.999
        far.append(float(np.abs(wanted - made).max()))
    assert sorted(far)[1] < 5e-3


def random_voice(base: BaseVoice, voice: Voice, seed: int) -> Voice:
    tensors = adapter.blank(base.config.acoustic, torch.from_numpy(voice.vector), seed=1)
    dice = torch.Generator().manual_seed(seed)
    moved = {name: value.detach() + 0.01 * torch.randn(value.shape, generator=dice) for name, value in tensors.items()}
    return Voice(voice.vector, Adapter(base.sha256, moved))
