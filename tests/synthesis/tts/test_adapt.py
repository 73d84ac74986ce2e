"""Adapters: small, portable, bound to one base, and without a trace in it."""

import numpy as np
import pytest
import torch

from synthesis.tts import adapter, likeness, symbols, voicefile
from synthesis.tts.adapt import Pupil, TooLittle, adapt, adapt_each, spoken
from synthesis.tts.adapter import Adapter
from synthesis.tts.config import SIZES
from synthesis.tts.takes import Heard, Take, hear, joined
from synthesis.tts.voice import BaseVoice, Voice

IDS = symbols.ids("həlˈoʊ wˈɜːld.")


@pytest.fixture(scope="module")
def base() -> BaseVoice:
    torch.manual_seed(3)
    return BaseVoice.blank(SIZES["T"])


def take(seed: int) -> Take:
    dice = np.random.default_rng(seed)
    turns = np.cumsum(np.linspace(110, 140, 36_000)) / 24_000
    hum = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 9))
    return Take((hum * 0.05 + dice.normal(0, 0.003, 36_000)).astype(np.float32), IDS)


def random_adapter(base: BaseVoice, seed: int, rank: int = adapter.RANK) -> Adapter:
    dice = torch.Generator().manual_seed(seed)
    shapes = adapter.shapes(base.config.acoustic, rank)
    return Adapter(base.sha256, {name: torch.randn(shape, generator=dice) * 0.1 for name, shape in shapes.items()})


def trained(base: BaseVoice, seed: int = 5) -> tuple[Adapter, list[tuple[float, str]]]:
    told: list[tuple[float, str]] = []
    made = adapt(base, [take(n) for n in range(4)], seed=seed, steps=12,
                 progress=lambda share, line: told.append((share, line)), should_stop=lambda: False)
    return made, told


def test_training_leaves_the_base_as_it_was_and_brings_the_takes_nearer(base: BaseVoice) -> None:
    before = {name: value.clone() for name, value in base.acoustic.state_dict().items()}
    made, told = trained(base)
    assert all(torch.equal(before[name], value) for name, value in base.acoustic.state_dict().items())
    assert told[-1] == (1.0, "done")
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert any(value.abs().max() > 0 for name, value in made.tensors.items() if name.endswith("_out"))


def test_training_is_repeatable(base: BaseVoice) -> None:
    assert trained(base)[0].to_bytes() == trained(base)[0].to_bytes()


def test_should_stop_ends_training_at_once(base: BaseVoice) -> None:
    made = adapt(base, [take(0)], seed=1, progress=lambda share, line: None, should_stop=lambda: True)
    assert all(not value.any() for name, value in made.tensors.items() if name.endswith("_out"))


def test_takes_that_cannot_fit_their_text_are_refused(base: BaseVoice) -> None:
    short = Take(take(0).samples[:14_000], symbols.ids("ðɪs ɪz ə vˈɛɹi lˈɔŋ sˈɛntəns " * 4))
    with pytest.raises(TooLittle):
        adapt(base, [short], seed=1, progress=lambda share, line: None, should_stop=lambda: False)


def test_an_adapter_survives_its_bytes(base: BaseVoice) -> None:
    made = random_adapter(base, 1)
    back = Adapter.from_bytes(made.to_bytes())
    assert back.base == base.sha256
    assert all(torch.allclose(back.tensors[name], value, atol=1e-3) for name, value in made.tensors.items())
    assert back.to_bytes() == made.to_bytes()


@pytest.mark.parametrize("size", ["S", "M"])
def test_an_adapter_is_smaller_than_400_kilobytes(size: str) -> None:
    shapes = adapter.shapes(SIZES[size].acoustic)
    data = Adapter("0" * 64, {name: torch.zeros(shape) for name, shape in shapes.items()}).to_bytes()
    assert len(data) < 400_000


def test_other_files_are_no_adapters() -> None:
    with pytest.raises(voicefile.BadVoiceFile):
        Adapter.from_bytes(voicefile.pack({"x": torch.zeros(1)}, {"kind": "something else"}))
    with pytest.raises(voicefile.BadVoiceFile):
        Adapter.from_bytes(b"RIFF....WAVE")


def test_an_adapter_of_another_base_is_refused(base: BaseVoice) -> None:
    stranger = Adapter("0" * 64, random_adapter(base, 1).tensors)
    with pytest.raises(ValueError, match="another base"):
        base.speak(IDS, Voice(np.zeros(128, np.float32), stranger), seed=1)


def test_an_adapter_is_heard(base: BaseVoice) -> None:
    plain = np.zeros(128, np.float32)
    assert not np.array_equal(base.speak(IDS, Voice(plain, random_adapter(base, 1)), seed=1),
                              base.speak(IDS, plain, seed=1))


def test_voices_side_by_side_equal_each_alone(base: BaseVoice) -> None:
    """Two adapters of different rank and one bare vector in one batch do not touch one another."""
    voices = [Voice(np.zeros(128, np.float32), random_adapter(base, 1)),
              Voice(np.full(128, 0.2, np.float32)),
              Voice(np.zeros(128, np.float32), random_adapter(base, 2, rank=4))]
    x = torch.randn(3, 30, base.config.acoustic.width)
    with torch.no_grad():
        together = base.acoustic.decoder(x, base.person(voices))
        for row, voice in enumerate(voices):
            alone = base.acoustic.decoder(x[row : row + 1], base.person([voice]))
            assert torch.allclose(together[row : row + 1], alone, atol=1e-4)


def pupil(seed: int, **how) -> Pupil:
    whole = {"progress": lambda share, line: None, "should_stop": lambda: False} | how
    return Pupil([take(seed + n) for n in range(4)], seed, **whole)


def test_people_learned_together_get_what_each_would_get_alone(base: BaseVoice) -> None:
    together = adapt_each(base, [pupil(1), pupil(50)], steps=6)
    for seed, made in zip((1, 50), together, strict=True):
        (alone,) = adapt_each(base, [pupil(seed)], steps=6)
        assert isinstance(made, Adapter)
        assert isinstance(alone, Adapter)
        for name, value in alone.tensors.items():
            assert torch.allclose(made.tensors[name], value, atol=2e-2), name


def test_an_error_or_an_end_of_one_is_not_that_of_the_others(base: BaseVoice) -> None:
    def broken(share: float, line: str) -> None:
        raise RuntimeError("the lease is lost")

    asked = iter([False, False, True])
    made = adapt_each(
        base, [pupil(1, progress=broken), pupil(2, should_stop=lambda: next(asked)), pupil(3),
               Pupil([Take(take(0).samples[:14_000], symbols.ids("ðɪs ɪz ə vˈɛɹi lˈɔŋ sˈɛntəns " * 4))], 4,
                     lambda share, line: None, lambda: False)],
        steps=6,
    )  # fmt: skip
    assert [type(one).__name__ for one in made] == ["RuntimeError", "Adapter", "Adapter", "TooLittle"]


def test_takes_of_a_row_do_not_hear_each_other(base: BaseVoice) -> None:
    """One row of two takes gives each the frames that it has in a row of its own."""
    one, two = hear(base, take(1)), hear(base, take(2))
    person = base.person([Voice(np.zeros(128, np.float32), random_adapter(base, 1))])
    rows = []
    for takes in ([one], [two], [one, two]):
        row = Heard(**{name: getattr(joined(takes), name)[None] for name in Heard.__dataclass_fields__})
        with torch.no_grad():
            rows.append(spoken(base.acoustic, row, person)[0][0].float())
    apart = torch.cat([rows[0], rows[1]])
    inside = joined([one, two]).frames
    assert torch.allclose(apart[inside], rows[2][inside], atol=1e-4)


def test_a_preview_speaks_as_high_as_the_clip(base: BaseVoice) -> None:
    low, high = (likeness.preview(base, take(0).samples[:: 2 if octave else 1]) for octave in (0, 1))
    assert low.adapter is not None
    assert high.adapter is not None
    assert high.adapter.tensors["pitch.bias"] != low.adapter.tensors["pitch.bias"]
    assert len(low.adapter.to_bytes()) < 60_000
