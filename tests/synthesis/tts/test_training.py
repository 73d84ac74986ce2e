"""The training tools: who may be heard, how a run goes on, how words are counted."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from synthesis.training import corpora, run, train_acoustic, words
from synthesis.training.peers import Peers
from synthesis.training.run import Plan, Run
from synthesis.training.train_speaker import replayed
from synthesis.tts.features import NARROW_BANDS

UNSEEN_OF_SPEECHOCEAN = 30


def test_the_people_kept_apart_are_those_promised() -> None:
    with corpora.UNSEEN.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"lj", "flemishguy"} <= {row["speaker"] for row in rows}
    assert sum(row["set"] == "speechocean762" for row in rows) == UNSEEN_OF_SPEECHOCEAN


def speech(folder: Path, lines: dict[str, list[str]]) -> Path:
    """A speech folder with the metadata of every set and empty sound files."""
    for corpus in corpora.CORPORA:
        audio = folder / corpus.name / "audio"
        audio.mkdir(parents=True)
        rows = lines.get(corpus.name, [])
        (audio.parent / "metadata.csv").write_text("\n".join(rows), encoding="utf-8")
        for row in rows:
            (audio / f"{row.split('|')[0]}.flac").touch()
    return folder


def test_unseen_people_are_never_for_training(tmp_path: Path) -> None:
    kept_out = min(corpora.unseen() - {"lj", "flemishguy"})
    found = list(corpora.recordings(speech(tmp_path, {
        "flemishguy": ["nl_1|Een zin.|1.0"], "ljspeech-sample": ["LJ1|A line.|1.0"],
        "speechocean762": [f"{kept_out}_1|SOME WORDS|1.0", "so0157_2|SOME WORDS|1.0"],
    })))
    assert {item.speaker: item.split for item in found if item.split == "unseen"} == {
        "flemishguy": "unseen", "lj": "unseen", kept_out: "unseen"}
    assert [item.split for item in found if item.speaker == "so0157"] != ["unseen"]


def test_second_takes_of_a_prompt_share_its_split(tmp_path: Path) -> None:
    rows = [f"a{n}_{take}|Prompt number {n}{'.' * take}|1.0" for n in range(60) for take in range(2)]
    found = list(corpora.recordings(speech(tmp_path, {"kathleen": rows})))
    by_prompt: dict[str, set[str]] = {}
    for item in found:
        by_prompt.setdefault(item.name.split("_")[0], set()).add(item.split)
    assert all(len(splits) == 1 for splits in by_prompt.values())
    assert {"train", "held_out"} == {split for splits in by_prompt.values() for split in splits}


def parabola(net: nn.Linear) -> run.Losses:
    return {"loss": (net.weight - 3.0).square().mean()}


def test_a_run_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    plan = Plan(minutes=0.005, rate=0.05)
    net = nn.Linear(2, 1)
    first = Run(net, tmp_path, plan)
    first.train(lambda step: parabola(net))
    again = Run(nn.Linear(2, 1), tmp_path, plan)
    assert again.steps == first.steps > 1
    assert torch.equal(again.net.weight, net.weight)
    assert torch.equal(again.average["weight"], first.average["weight"])


def test_a_run_averages_and_gets_nearer(tmp_path: Path) -> None:
    net = nn.Linear(2, 1)
    start = float(parabola(net)["loss"].detach())
    one = Run(net, tmp_path, Plan(minutes=0.02, rate=0.05))
    one.train(lambda step: parabola(net))
    net.load_state_dict(one.average)
    assert float(parabola(net)["loss"].detach()) < start / 2


def test_what_the_average_does_is_looked_at_as_a_run_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "LOOK_EVERY_S", 0.1)
    net, looked = nn.Linear(2, 1), []

    def look(average: dict[str, torch.Tensor]) -> run.Seen:
        looked.append(average["weight"].clone())
        return run.Seen({"mel": float(len(looked))}, np.zeros((30, 100), np.float32), np.ones((30, 100), np.float32))

    one = Run(net, tmp_path, Plan(minutes=0.006, rate=0.05, look=look))
    one.train(lambda step: parabola(net))
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert rows[0] == "step,trained_s,mel"
    assert len(rows) == 1 + len(looked) >= 3
    assert torch.equal(looked[-1], one.average["weight"])
    assert (tmp_path / f"seen-{one.steps:06d}.png").exists()


def test_peers_share_one_mean() -> None:
    class Open:
        def wait(self, seconds: float) -> None:
            assert seconds > 0

    net = nn.Linear(2, 1, bias=False)
    shared = torch.zeros(2, 8)
    shared[1, :2] = torch.tensor([5.0, 7.0])
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, 3.0]]))
    over = Peers(0, 2, shared, torch.zeros(1), Open()).meet(net, step=8, is_late=True)
    assert over
    assert net.weight.tolist() == [[3.0, 5.0]]


def test_bigram_chances_add_up_to_one() -> None:
    text = words.bigram_model([["a", "b"], ["a", "c", "b"]])
    unigrams, bigrams = text.split("\\1-grams:")[1].split("\\2-grams:")
    ones = {line.split()[1]: line.split() for line in unigrams.split("\n") if line}
    after_a = [float(line.split()[0]) for line in bigrams.split("\n") if line.split()[1:2] == ["a"]]
    seen = sum(10**chance for chance in after_a)
    assert seen + 10 ** float(ones["a"][2]) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("said", "heard", "errors"), [
    ("a b c", "a b c", 0), ("a b c", "a c", 1), ("a b", "x a b", 1), ("a b", "", 2), ("a b c", "b c d", 2)])
def test_distance_counts_the_fewest_changes(said: str, heard: str, errors: int) -> None:
    assert words.distance(said.split(), heard.split()) == errors


def test_error_rate_has_an_interval_around_it() -> None:
    rate, low, high = words.error_rate([(["a", "b"], ["a"]), (["c", "d"], ["c", "d"])] * 20)
    assert rate == 0.25
    assert low < rate < high
    assert not math.isnan(low)


@pytest.mark.parametrize(("narrow", "speed", "bands"), [(False, 1.0, 100), (False, 1.2, 100), (True, 1.2, 81)])
def test_a_voice_moved_up_keeps_the_bands_that_were_recorded(narrow: bool, speed: float, bands: int) -> None:
    assert train_acoustic.known_bands(narrow, speed) == bands


def test_a_voice_moved_down_teaches_nothing_above_its_recording() -> None:
    lower = [train_acoustic.known_bands(narrow, 0.84) for narrow in (True, False)]
    assert lower[0] < NARROW_BANDS
    assert lower[0] < lower[1] < 100
    moved = replayed(0.84)[: lower[0]]
    assert not moved[:, NARROW_BANDS :].any()  # none of them comes from a band that was not there
