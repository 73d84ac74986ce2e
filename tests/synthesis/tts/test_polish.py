"""Going on from shipped weights, and the adversaries that polish frames and sound."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from synthesis.training import export, held_out, train_gloss, train_polish
from synthesis.training.data import Row, Shards
from synthesis.training.run import Plan
from synthesis.training.unpack import unpack
from synthesis.tts.config import SIZES
from synthesis.tts.voice import BaseVoice

FRAMES, UNITS = 140, 20
A_MOMENT = Plan(minutes=0.002, rate=1e-3)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work folder with twelve sentences of noise by two people, one of them the base voice."""
    dice, folder = np.random.default_rng(4), tmp_path / "shards"
    folder.mkdir()
    rows = [
        Row(f"{speaker}{n}", corpus, speaker, "held_out" if n == 5 else "train", speaker != "kathleen", "",
            (6 * who + n) * FRAMES, FRAMES, (6 * who + n) * UNITS, UNITS)
        for who, (speaker, corpus) in enumerate((("kathleen", "kathleen"), ("so0157", "speechocean762")))
        for n in range(6)
    ]  # fmt: skip
    count = len(rows) * FRAMES
    units = np.zeros((len(rows) * UNITS, 3), np.uint8)
    units[:, 0] = dice.integers(20, 60, len(units))
    arrays = {
        "wave": dice.integers(-3000, 3000, count * 256).astype(np.int16),
        "mel": dice.normal(-5, 1, (count, 100)).astype(np.float16),
        "f0": dice.uniform(120, 240, count).astype(np.float32), "voiced": np.ones(count, np.uint8), "units": units,
        "durations": np.full(len(units), FRAMES // UNITS, np.int16),
    }  # fmt: skip
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(asdict(row)) for row in rows), encoding="utf-8")
    scores = {row.name: float(-number) for number, row in enumerate(rows)}
    (folder / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    return tmp_path


def average(checkpoint: Path) -> dict[str, torch.Tensor]:
    return dict(torch.load(checkpoint, weights_only=True)["average"])


def test_shipped_weights_become_checkpoints_once(work: Path) -> None:
    torch.manual_seed(3)
    base = BaseVoice.blank(SIZES["T"])
    assert sorted(unpack(base, work)) == ["acoustic", "aligner", "speaker", "vocoder"]
    for name, value in base.vocoder.state_dict().items():
        assert torch.equal(average(work / "vocoder" / "last.pt")[name], value)
    (work / "acoustic" / "last.pt").unlink()
    assert unpack(base, work) == ["acoustic"]


def test_polishing_teaches_the_decoder_and_nothing_that_overfits(work: Path) -> None:
    torch.manual_seed(3)
    unpack(BaseVoice.blank(SIZES["T"]), work)
    before = average(work / "acoustic" / "last.pt")
    train_polish.train(Shards(work / "shards"), work / "polish", SIZES["T"], A_MOMENT)
    after = average(work / "polish" / "last.pt")
    moved = {name for name, value in before.items() if not torch.equal(value, after[f"learner.{name}"])}
    assert moved
    assert all(name.startswith(train_polish.LEARNS) for name in moved)
    assert (work / "polish" / "judge" / "last.pt").exists()


def test_frames_polished_before_their_model_learnt_on_are_not_exported(work: Path) -> None:
    torch.manual_seed(3)
    unpack(BaseVoice.blank(SIZES["T"]), work)
    train_polish.train(Shards(work / "shards"), work / "polish", SIZES["T"], A_MOMENT)
    ends = [average(work / stage / "last.pt")[prefix + "acoustic.decoder.out.weight"]
            for stage, prefix in (("acoustic", ""), ("polish", "learner."))]  # fmt: skip
    for share, expected in ((0.0, ends[0]), (0.5, (ends[0] + ends[1]) / 2), (1.0, ends[1])):
        assert torch.allclose(export.assemble(work, SIZES["T"], share).acoustic.decoder.out.weight, expected, atol=1e-7)
    kept = torch.load(work / "acoustic" / "last.pt", weights_only=True)
    kept["average"]["acoustic.encoder.table.weight"] += 1
    torch.save(kept, work / "acoustic" / "last.pt")
    with pytest.raises(SystemExit, match="polish"):
        export.assemble(work, SIZES["T"])


def test_the_vocoder_goes_on_under_a_judge_and_is_exported(work: Path) -> None:
    torch.manual_seed(3)
    unpack(BaseVoice.blank(SIZES["T"]), work)
    net = train_gloss.train(Shards(work / "shards"), work / "gloss", SIZES["T"], A_MOMENT, batch=2)
    glossed = average(work / "gloss" / "last.pt")
    assert glossed.keys() == net.state_dict().keys()
    assert torch.equal(export.assemble(work, SIZES["T"]).vocoder.head.weight, glossed["head.weight"])


def test_what_is_held_out_is_measured_at_its_own_prosody(work: Path) -> None:
    torch.manual_seed(3)
    base = BaseVoice.blank(SIZES["T"])
    found = held_out.check(held_out.runs(work, base)["shipped"], Shards(work / "shards"))
    assert {"mel", "relief", "dur", "pitch"} <= found.keys()
    assert found["mel"] > 0
