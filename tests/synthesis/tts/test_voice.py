"""The base voice's promises, on tiny random weights: same in, same out; pieces equal the whole."""

from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
import torch

from synthesis.tts import symbols, voicefile
from synthesis.tts.config import SIZES
from synthesis.tts.voice import BaseVoice, Voice

IDS = symbols.ids("həlˈoʊ wˈɜːld, ðɪs ɪz ɐ tˈɛst.")


@pytest.fixture(scope="module")
def base() -> BaseVoice:
    torch.manual_seed(3)
    made = BaseVoice.blank(SIZES["T"])
    made.acoustic.decoder.out.weight.mul_(2.0)  # so that frames differ and a wrong order is heard
    made.acoustic.variance.duration.out.bias.fill_(1.6)
    return made


def vector(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, 128).astype(np.float32)


def flat(first: int, frames: int) -> np.ndarray:
    return np.ones((frames, 513), np.float32)


def test_same_seed_gives_the_same_samples_bit_for_bit(base: BaseVoice) -> None:
    one, two = (base.speak(IDS, vector(), seed=7, gain=flat) for _ in range(2))
    assert one.dtype == np.float32
    assert np.array_equal(one, two)


def test_another_seed_breathes_differently(base: BaseVoice) -> None:
    assert not np.array_equal(base.speak(IDS, vector(), seed=7), base.speak(IDS, vector(), seed=8))


def test_blanks_between_ids_mean_nothing(base: BaseVoice) -> None:
    bare = [number for number in IDS if number != symbols.ID_OF["_"]]
    assert np.array_equal(base.speak(IDS, vector(), seed=1), base.speak(bare, vector(), seed=1))


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_pieces_joined_equal_the_whole(base: BaseVoice, size: int) -> None:
    whole = base.speak(IDS, vector(), seed=7)
    pieces = np.concatenate(list(base.stream(IDS, vector(), seed=7, sizes=repeat(size))))
    assert whole.shape == pieces.shape
    assert np.abs(whole - pieces).max() <= 1e-5 * max(1.0, np.abs(whole).max())
    assert np.abs(whole).max() > 1e-4


def test_length_is_a_whole_number_of_frames(base: BaseVoice) -> None:
    assert len(base.speak(IDS, vector(), seed=1)) % 256 == 0


def test_gain_is_asked_for_every_frame_once_and_in_order(base: BaseVoice) -> None:
    asked: list[tuple[int, int]] = []

    def gain(first: int, frames: int) -> np.ndarray:
        asked.append((first, frames))
        return flat(first, frames)

    sound = np.concatenate(list(base.stream(IDS, vector(), seed=7, gain=gain)))
    ends = np.cumsum([frames for _, frames in asked])
    assert [first for first, _ in asked] == [0, *ends[:-1]]
    assert ends[-1] * 256 == len(sound)


def test_gain_decides_what_leaves(base: BaseVoice) -> None:
    silent = base.speak(IDS, vector(), seed=7, gain=lambda first, frames: np.zeros((frames, 513), np.float32))
    assert not silent.any()


def test_rate_changes_the_length_and_energy_the_level(base: BaseVoice) -> None:
    plain, quick = (base.speak(IDS, vector(), seed=7, rate=rate) for rate in (1.0, 2.0))
    assert 0.4 < len(quick) / len(plain) < 0.75
    loud = base.speak(IDS, vector(), seed=7, energy=6.0)
    assert np.sqrt(np.mean(loud**2) / np.mean(plain**2)) == pytest.approx(10 ** (6 / 20), rel=0.05)


@pytest.mark.parametrize("wrong", [{"rate": 3.0}, {"pitch": 13.0}, {"energy": -21.0}, {"rate": float("nan")}])
def test_control_out_of_range_is_refused(base: BaseVoice, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="outside"):
        base.speak(IDS, vector(), seed=1, **wrong)


@pytest.mark.parametrize("nothing", ["", "...", " , !"])
def test_nothing_to_say_is_refused(base: BaseVoice, nothing: str) -> None:
    with pytest.raises(ValueError, match="nothing to say"):
        base.speak(symbols.ids(nothing), vector(), seed=1)


def test_a_voice_is_read_off_a_clip_and_off_nothing_less(base: BaseVoice) -> None:
    clip = np.random.default_rng(0).standard_normal(24_000).astype(np.float32) * 0.1
    assert base.voice_vector(clip).shape == (128,)
    assert np.linalg.norm(base.speaker_embedding(clip)) == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="half a second"):
        base.voice_vector(clip[:11_000])
    with pytest.raises(ValueError, match="silent"):
        base.speaker_embedding(np.zeros(24_000, np.float32))


def save(base: BaseVoice, folder: Path) -> str:
    tensors = {f"{name}.{key}": value for name, net in base.parts().items() for key, value in net.state_dict().items()}
    tensors["voices.kathleen"] = torch.from_numpy(vector())
    return voicefile.save_base(folder, tensors, {"model": base.config.to_dict(), "same_speaker": 0.4})


def test_weights_come_back_from_a_folder(base: BaseVoice, tmp_path: Path) -> None:
    digest = save(base, tmp_path)
    loaded = BaseVoice.load(tmp_path)
    assert loaded.sha256 == digest
    assert loaded.same_speaker == 0.4
    spoken = loaded.speak(IDS, Voice(loaded.voices["kathleen"]), seed=7)
    assert len(spoken) > 0
    assert loaded.config == base.config


def test_altered_weights_are_refused(base: BaseVoice, tmp_path: Path) -> None:
    save(base, tmp_path)
    path = tmp_path / voicefile.BASE
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(voicefile.BadVoiceFile, match="altered"):
        BaseVoice.load(tmp_path)


def test_weights_of_another_format_are_refused(base: BaseVoice, tmp_path: Path) -> None:
    voicefile.save_base(tmp_path, {"x": torch.zeros(1)}, {"model": base.config.to_dict() | {"format": 99}})
    with pytest.raises(voicefile.BadVoiceFile, match="format 99"):
        BaseVoice.load(tmp_path)


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(voicefile.BadVoiceFile, match="no readable base voice"):
        BaseVoice.load(tmp_path)
    with pytest.raises(voicefile.BadVoiceFile, match="not a safetensors"):
        voicefile.parse(b"\x80\x04pickle")
