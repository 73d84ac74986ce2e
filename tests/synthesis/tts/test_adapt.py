"""Adapters: small, portable, bound to one base, and without a trace in it."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from synthesis.tts import (
    adapter,
    clearness,
    contrast,
    features,
    learner,
    likeness,
    losses,
    pairing,
    pitch,
    symbols,
    voicefile,
)
from synthesis.tts.adapt import STEPS, School
from synthesis.tts.adapter import Adapter
from synthesis.tts.checkpoint import Checkpoint
from synthesis.tts.config import SIZES
from synthesis.tts.learner import Interim, Learner, Pupil, TooLittle
from synthesis.tts.losses import spoken
from synthesis.tts.pairing import Frames
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
    """What twelve steps make, wherever they lead: an untrained network's word on likeness is chance."""
    told: list[tuple[float, str]] = []
    heard = [take(n) for n in range(4)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Learner, "_well_kept", lambda self: self.best)
        made = School(base).adapt(Pupil(heard, seed, lambda *news: told.append(news), lambda: False), steps=12)
    return made, told


def test_training_leaves_the_base_as_it_was_and_brings_the_takes_nearer(base: BaseVoice) -> None:
    before = {name: value.clone() for name, value in base.acoustic.state_dict().items()}
    made, told = trained(base)
    assert all(torch.equal(before[name], value) for name, value in base.acoustic.state_dict().items())
    assert told[-1] == (1.0, "done")
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert made.tensors["stage.0.grow_out"].any()


def test_training_is_repeatable(base: BaseVoice) -> None:
    assert trained(base)[0].to_bytes() == trained(base)[0].to_bytes()


def test_should_stop_ends_training_at_once(base: BaseVoice) -> None:
    made = School(base).adapt(Pupil([take(0)], 1, lambda share, line: None, lambda: True))
    untrained = [value for name, value in made.tensors.items() if name.startswith("stage") and name.endswith("_out")]
    assert untrained
    assert not any(value.any() for value in untrained)


def test_takes_that_cannot_fit_their_text_are_refused(base: BaseVoice) -> None:
    short = Take(take(0).samples[:14_000], symbols.ids("ðɪs ɪz ə vˈɛɹi lˈɔŋ sˈɛntəns " * 4))
    with pytest.raises(TooLittle):
        School(base).adapt(Pupil([short], 1, lambda share, line: None, lambda: False))


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


def drawn_out(base: BaseVoice, times: float) -> dict[str, torch.Tensor]:
    """What is kept of a person whose sounds last so many times what the base voice would take for them."""
    training = Learner(base, pupil(1), steps=6)
    training.begin()
    usual = training._in_pace(training.first)["duration.bias"]  # the takes' own pace, within the bounds
    assert -np.log(learner.FASTEST) - 1e-6 <= usual <= 0
    training.train = [replace(one, durations=one.durations * times) for one in training.train]
    training.held = [replace(one, durations=one.durations * times) for one in training.held]
    return training._in_pace(training.first)


def test_a_person_may_be_quicker_than_the_voice_and_never_slower(base: BaseVoice) -> None:
    assert float(drawn_out(base, 5000)["duration.bias"]) == 0
    assert float(drawn_out(base, 0.0)["duration.bias"]) == pytest.approx(-float(np.log(learner.FASTEST)))


def test_training_learns_no_durations(base: BaseVoice) -> None:
    """Of minutes they are learned by heart: the pace alone is set."""
    made, _ = trained(base)
    assert made.tensors["energy.bias"].any()
    assert not any(made.tensors[f"duration.{part}"].any() for part in ("one", "two", "row"))


def test_pitch_moves_as_far_as_the_persons_again_after_training(base: BaseVoice) -> None:
    clips = [take(n).samples for n in range(2)]
    wanted = likeness.heard(clips, [pitch.track(clip) for clip in clips])
    own = base.acoustic.variance.pitch.out.weight[0]
    flat = likeness.start(base, clips, adapter.RANK) | {"pitch.row": -0.5 * own}
    back = likeness.in_tune(base, flat, clips)
    assert wanted is not None
    lacks = (wanted.tune.std() / likeness._said(base, flat).tune.std()).clamp(*likeness._SPREADS)
    assert lacks != 1
    assert torch.allclose(own + back["pitch.row"], lacks * 0.5 * own, atol=1e-6)
    assert torch.equal(back["out_in"], flat["out_in"])


def gone_on(base: BaseVoice, one: Pupil, steps: int) -> tuple[list[Interim], Adapter, Adapter]:
    """What a training tells on its way, what comes of it, and what comes of one that goes on from the first of that."""
    told: list[Interim] = []
    whole = School(base).adapt(replace(one, interim=told.append), steps=steps)
    return told, whole, School(base).adapt(replace(one, begun=told[0].state), steps=steps)


def test_a_training_that_was_broken_off_goes_on_to_the_very_same_voice(
    base: BaseVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "CHECK_EVERY", 4)
    monkeypatch.setattr(Learner, "_well_kept", lambda self: self.best)
    told, whole, rest = gone_on(base, pupil(1), steps=11)
    assert [one.done for one in told] == [4 / 11, 8 / 11]
    assert rest.to_bytes() == whole.to_bytes()
    assert any(not torch.equal(told[0].adapter.tensors[name], value) for name, value in whole.tensors.items())


def test_it_takes_only_the_steps_that_were_left(base: BaseVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    move = Learner.move
    monkeypatch.setattr(learner, "CHECK_EVERY", 4)
    monkeypatch.setattr(Learner, "move", lambda self: taken.append(self.step) or move(self))
    gone_on(base, pupil(1), steps=7)
    assert taken == [0, 1, 2, 3, 4, 5, 6, 4, 5, 6]


def test_what_had_ceased_to_get_better_is_not_begun_again(base: BaseVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([(1.0, 0.9), *[(1.0, 0.1)] * learner.PATIENCE, (1.0, 0.1)])
    told: list[Interim] = []
    monkeypatch.setattr(learner, "CHECK_EVERY", 1)
    monkeypatch.setattr(Learner, "_held", lambda self: next(seen))
    School(base).adapt(pupil(1, interim=told.append))
    assert len(told) == learner.PATIENCE
    again = Learner(base, pupil(1, begun=told[-1].state), STEPS)
    again.begin()
    assert not again.learning


@pytest.mark.parametrize("other", [{"seed": 2}, {"takes": [take(90)]}])
def test_of_other_takes_or_another_seed_it_goes_on_with_nothing(
    base: BaseVoice, monkeypatch: pytest.MonkeyPatch, other: dict
) -> None:
    told: list[Interim] = []
    monkeypatch.setattr(learner, "CHECK_EVERY", 2)
    School(base).adapt(pupil(1, interim=told.append), steps=3)
    fresh = Learner(base, replace(pupil(1, begun=told[0].state), **other), steps=3)
    fresh.begin()
    assert fresh.step == 0


def test_other_bytes_are_no_training(base: BaseVoice) -> None:
    with pytest.raises(voicefile.BadVoiceFile):
        Checkpoint.from_bytes(random_adapter(base, 1).to_bytes())


def learned(base: BaseVoice, pupils: list[Pupil]) -> list[Adapter | Exception]:
    """What becomes of each, brought by threads of their own; nobody takes a step before all are there."""
    school, there = School(base), threading.Barrier(sum(len(one.takes) > 1 for one in pupils))

    def brought(one: Pupil) -> Adapter | Exception:
        came = []

        def should_stop() -> bool:
            if not came:
                came.append(there.wait(30))
            return one.should_stop()

        try:
            return school.adapt(replace(one, should_stop=should_stop), steps=6)
        except (RuntimeError, ValueError) as fault:
            return fault

    with ThreadPoolExecutor(len(pupils)) as pool:
        return list(pool.map(brought, pupils))


def test_people_learned_together_get_what_each_would_get_alone(base: BaseVoice) -> None:
    seen, pupils = [], [pupil(1), pupil(50)]
    row_losses = losses.row_losses
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            losses, "row_losses", lambda base, own, rows: seen.append(len(rows)) or row_losses(base, own, rows)
        )
        together = learned(base, pupils)
    assert seen.count(2) >= 5  # in one batch
    for one, made in zip(pupils, together, strict=True):
        alone = School(base).adapt(one, steps=6)
        assert isinstance(made, Adapter)
        for name, value in alone.tensors.items():
            assert torch.allclose(made.tensors[name], value, atol=2e-2), name


def test_an_error_or_an_end_of_one_is_not_that_of_the_others(base: BaseVoice) -> None:
    def broken(share: float, line: str) -> None:
        if share > 0.05:
            raise RuntimeError("the lease is lost")

    asked = iter([False, False, True])
    short = Take(take(0).samples[:14_000], symbols.ids("ðɪs ɪz ə vˈɛɹi lˈɔŋ sˈɛntəns " * 4))
    made = learned(
        base, [pupil(1, progress=broken), pupil(2, should_stop=lambda: next(asked)), pupil(3),
               Pupil([short], 4, lambda share, line: None, lambda: False)],
    )  # fmt: skip
    assert [type(one).__name__ for one in made] == ["RuntimeError", "Adapter", "Adapter", "TooLittle"]


def test_what_is_told_is_told_by_the_thread_that_came(base: BaseVoice) -> None:
    told: dict[int, set[int]] = {}
    pupils = [
        pupil(seed, progress=lambda share, line, seed=seed: told.setdefault(seed, set()).add(threading.get_ident()))
        for seed in (1, 50, 90)
    ]
    learned(base, pupils)
    assert [len(threads) for threads in told.values()] == [1, 1, 1]
    assert len(set.union(*told.values())) == 3


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


def test_a_preview_has_the_sounds_of_the_clip(base: BaseVoice) -> None:
    """Not only their mean: what each sound lacks is in the update of the last layer, and the mean is still met."""
    clip = take(0).samples
    wanted = likeness.heard([clip], [pitch.track(clip)])
    assert wanted is not None
    made = likeness.preview(base, clip)
    assert made.adapter is not None
    plain = {**made.adapter.tensors, "out_out": torch.zeros_like(made.adapter.tensors["out_out"])}

    def far(tensors: Mapping[str, torch.Tensor]) -> float:
        said = likeness._said(base, tensors)
        own = Frames(contrast.sharpened(said.made[:, : features.MELS]), said.voiced)
        rows = pairing.speech(own.mel)
        lacking = pairing.paired(own, wanted.frames, rows) - own.mel[rows]
        return float((lacking - lacking.mean(0)).abs().mean())

    assert far(made.adapter.tensors) < 0.9 * far(plain)


def test_what_comes_nearer_to_the_person_is_kept_though_its_frames_are_further_off(
    base: BaseVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Distance to frames is least where they are blurred; that is not yet the person."""
    training = Learner(base, pupil(1), 400)
    training.begin()
    seen = iter([(1.0, 0.1), (0.8, 0.1), (0.9, 0.4), (0.7, 0.1), (0.95, 0.3)])
    monkeypatch.setattr(Learner, "_held", lambda self: next(seen))
    monkeypatch.setattr(Learner, "_well_kept", lambda self: self.best)
    kept = []
    for number in range(4):
        training.tensors["who"].data.fill_(number)
        training._judge()
        kept.append(float(training.best["who"][0]))
    assert kept == [0.0, 1.0, 2.0, 2.0]
    assert float(training.result().tensors["who"][0]) == 2.0


@pytest.mark.parametrize(
    ("near", "clear", "kept"),
    [
        ((0.5, 0.5, 0.5, 0.5, 0.6), (-1.0, -1.0, -1.0, -1.0, -1.0), 4.0),  # ever nearer
        ((0.5, 0.5, 0.6, 0.55, 0.4), (-1.0, -1.0, -1.0, -1.0, -1.0), 2.0),  # and farther again
        ((0.5, 0.5, 0.5, 0.45, 0.4), (-1.0, -1.1, -1.2, -1.3, -1.4), 0.0),  # neither nearer nor clear
        ((0.5, 0.55, 0.6, 0.61, 0.62), (-1.0, -1.0, -1.0, -1.5, -2.0), 2.0),  # hardly nearer, and misheard
        ((0.5, 0.55, 0.6, 0.7, 0.8), (-1.0, -1.0, -1.0, -1.5, -2.0), 4.0),  # much nearer, and less clear
    ],
)
def test_of_the_way_that_training_goes_as_much_is_kept_as_is_good_for_likeness_and_clearness(
    base: BaseVoice,
    near: tuple[float, ...],
    clear: tuple[float, ...],
    kept: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What training gained in frames it may have lost in likeness, or in what others understand."""
    training = Learner(base, pupil(1), 400)
    training.begin()
    monkeypatch.setattr(Learner, "_held", lambda self: (0.0, 0.0))
    monkeypatch.setattr(likeness, "nearness", lambda base, tensors, who: near[round(float(tensors["who"][0]))])
    monkeypatch.setattr(likeness, "clearness", lambda base, tensors: clear[round(float(tensors["who"][0]))])
    training.best["who"] = torch.full_like(training.best["who"], 4.0)
    training.best_loss = -1.0
    assert float(training.result().tensors["who"][0]) == kept


def durations(base: BaseVoice, tensors: Mapping[str, torch.Tensor], ids: list[int]) -> torch.Tensor:
    """Frames of each unit (N,), as the voice itself would say them."""
    units, who = base.units(ids), adapter.person(base.config.acoustic, [tensors["voice"]], [tensors])
    mask = torch.ones(units.shape[:2], dtype=torch.bool)
    return base.acoustic.plan(base.acoustic.read(units, mask, who), mask, who).durations[0].long()


def test_clearness_is_told_of_each_sound_where_the_voice_says_it(
    base: BaseVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses do not count, nor what the aligner thinks of a sound elsewhere."""
    tensors = dict(random_adapter(base, 1).tensors)
    ids = symbols.ids("həlˈoʊ, wˈɜːld.")
    count = durations(base, tensors, ids)

    def aligner(units: torch.Tensor, mel: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        owner = torch.repeat_interleave(torch.arange(len(count)), count)
        assert mel.shape[1] == len(owner)
        chance = torch.full((len(owner), len(count)), -9.0)
        pause = torch.isin(units[0, :, 0], torch.tensor(sorted(symbols.PAUSE_IDS)))
        chance[torch.arange(len(owner)), owner] = torch.where(pause, -5.0, -1.0)[owner]
        return chance[None]

    monkeypatch.setattr(base, "aligner", aligner)
    found = clearness.chances(base, tensors, ids)
    assert torch.equal(found, torch.full_like(found, -1.0))
    assert 0 < len(found) < int(count.sum())


def test_all_sentences_count_for_the_clearness_of_a_voice(base: BaseVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(likeness, "chances", lambda base, own, ids: asked.append(ids) or torch.tensor([-1.0, -3.0]))
    assert likeness.clearness(base, {}) == -2.0
    assert asked == [symbols.ids(said) for said in likeness._SAID]


def test_what_is_replayed_is_heard_better_after_training(base: BaseVoice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Learner, "_well_kept", lambda self: self.best)
    monkeypatch.setattr(Learner, "_held", lambda self: (-self.step, 0.0))  # the last step is the best

    def heard(weight: float) -> float:
        monkeypatch.setattr(learner, "_REPLAY", weight)
        made = School(base).adapt(pupil(1, replay=[IDS]), steps=12)
        return float(clearness.chances(base, made.tensors, IDS).mean())

    assert heard(10.0) > heard(0.0) + 5e-4


def test_nearness_is_told_of_what_the_voice_says_by_itself(base: BaseVoice) -> None:
    who = torch.from_numpy(base.speaker_embedding(take(0).samples))
    tensors = dict(random_adapter(base, 1).tensors)
    near = likeness.nearness(base, tensors, who)
    assert -1.0 <= near <= 1.0
    louder = tensors | {"bias": tensors["bias"] + torch.linspace(-2, 2, len(tensors["bias"]))}
    assert likeness.nearness(base, louder, who) != near
