"""`python -m synthesis.training STAGE`: one command for each stage of making the weights.

    data      folders of speech -> shards           polish    frames that look recorded
    unpack    synthesis/weights -> checkpoints      gloss     sound that has a recording's texture
    aligner   which frames belong to which sound    check     how far from held-out recordings
    speaker   who is speaking                       export    checkpoints -> synthesis/weights
    acoustic  text -> frames                        evaluate  copy synthesis and word errors
    vocoder   frames -> sound                       mix       part of the way from what ships to the acoustic run
"""

import argparse
from pathlib import Path

import torch

from synthesis.training import stages
from synthesis.training.peers import launch
from synthesis.tts.config import SIZES


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m synthesis.training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["data", "unpack", "mix", "check", "export", "evaluate", *stages.RATES])
    parser.add_argument("--speech", type=Path, help="folder of recordings (data)")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="where shards and runs lie")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--size", choices=sorted(SIZES), default="S")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of this run; it can be taken up again")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--cool", type=float, default=0.4, help="part of the run over which the rate falls")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=1, help="processes that train side by side on a CPU")
    parser.add_argument("--share", type=float, default=0.5, help="how much of the run `mix` takes")
    parser.add_argument("--polished", type=float, help="how far `export` goes to the polished decoder")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Run the stage that the command line names."""
    asked = arguments()
    torch.manual_seed(asked.seed)
    if asked.stage == "data":
        from synthesis.training.data import build

        if asked.speech is None:
            raise SystemExit("data needs --speech FOLDER")
        build(asked.speech, asked.work / "shards")
    elif asked.stage == "unpack":
        from synthesis.training.export import WEIGHTS
        from synthesis.training.unpack import unpack
        from synthesis.tts.voice import BaseVoice

        print("checkpoints written:", *unpack(BaseVoice.load(WEIGHTS), asked.work))
    elif asked.stage == "mix":
        from synthesis.training.export import WEIGHTS
        from synthesis.training.mix import mix
        from synthesis.tts.voice import BaseVoice

        mix(BaseVoice.load(WEIGHTS), asked.work, asked.share)
    elif asked.stage == "check":
        _check(asked)
    elif asked.stage in stages.RATES:
        launch(asked.workers, stages.train, asked)
    elif asked.stage == "export":
        from synthesis.training.export import POLISHED, export

        print(export(asked.work, SIZES[asked.size], polished=POLISHED if asked.polished is None else asked.polished))
    else:
        _evaluate(asked)


def _check(asked: argparse.Namespace) -> None:
    from synthesis.training import held_out
    from synthesis.training.data import Shards
    from synthesis.training.export import WEIGHTS
    from synthesis.tts.voice import BaseVoice

    shards = Shards(asked.work / "shards")
    for name, learner in held_out.runs(asked.work, BaseVoice.load(WEIGHTS)).items():
        found = held_out.check(learner, shards)
        print(f"{name:10}", *(f"{key} {value:.4f}" for key, value in found.items()), sep="  ", flush=True)


def _evaluate(asked: argparse.Namespace) -> None:
    import json

    from synthesis.training.data import Shards
    from synthesis.training.evaluate import evaluate
    from synthesis.training.export import WEIGHTS
    from synthesis.tts.voice import BaseVoice

    if asked.speech is None:
        raise SystemExit("evaluate needs --speech FOLDER for the texts of the held-out prompts")
    base = BaseVoice.load(WEIGHTS)
    found = evaluate(base, Shards(asked.work / "shards"), asked.speech, asked.work / "samples")
    (asked.work / "evaluation.json").write_text(json.dumps({"weights": base.sha256, **found}), encoding="utf-8")


if __name__ == "__main__":
    main()
