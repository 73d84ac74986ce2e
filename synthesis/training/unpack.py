"""From shipped weights back to checkpoints: `python -m synthesis.training unpack`.

Checkpoints are too large to keep in the repository, the weights are not: where a machine has
none, training goes on from what ships. What is lost is the optimiser's memory, a few hundred
steps' worth, and the list of training voices that the speaker network was taught with.

A checkpoint that is there already is left alone.
"""

from pathlib import Path

import torch
from torch import nn

from synthesis.training import held_out
from synthesis.training.data import Shards
from synthesis.training.run import Plan, Run
from synthesis.training.train_aligner import TAUGHT_STEPS, write_durations
from synthesis.training.train_speaker import SPEEDS, Judge, People
from synthesis.tts.voice import BaseVoice

PLAN = Plan(minutes=0.0, rate=0.0)


def unpack(base: BaseVoice, work: Path) -> list[str]:
    """Write `last.pt` of every stage that has none, and the durations where they are missing.

    Args:
        base: the shipped voice.
        work: folder of shards and runs.

    Returns:
        Names of the stages that were written.
    """
    shards = Shards(work / "shards")
    if shards.durations is None:
        write_durations(shards, base.aligner)
    for net in base.parts().values():
        net.requires_grad_(True)
    learner = held_out.shipped(base)  # it says itself which part of the speaker network learns
    judge = Judge(base.speaker, len(People(shards, 1).names) * len(SPEEDS))
    nets: dict[str, nn.Module] = {
        "speaker": judge, "aligner": base.aligner, "vocoder": base.vocoder, "acoustic": learner
    }
    missing = [stage for stage in nets if not (work / stage / "last.pt").exists()]
    for stage in missing:
        _keep(nets[stage], work / stage, TAUGHT_STEPS if stage == "aligner" else 0)
    return missing


def _keep(net: nn.Module, folder: Path, steps: int) -> None:
    torch.manual_seed(1)
    run = Run(net, folder, PLAN)
    run.steps = steps
    run.save()
