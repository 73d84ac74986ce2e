"""`python -m synthesis.training STAGE`: one command for each stage of making the weights.

    data      folders of speech -> shards           vocoder   frames -> sound
    aligner   which frames belong to which sound    export    checkpoints -> synthesis/weights
    speaker   who is speaking                       evaluate  copy synthesis and word errors
    acoustic  text -> frames
"""

import argparse
from pathlib import Path

import torch

from synthesis.training.run import Plan
from synthesis.tts.config import SIZES

RATES = {"aligner": 1e-3, "speaker": 1e-3, "acoustic": 1e-3, "vocoder": 6e-4}


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m synthesis.training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["data", "export", "evaluate", *RATES])
    parser.add_argument("--speech", type=Path, help="folder of recordings (data)")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="where shards and runs lie")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--size", choices=sorted(SIZES), default="S")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of this run; it can be taken up again")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--cool", type=float, default=0.4, help="part of the run over which the rate falls")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    torch.manual_seed(asked.seed)
    if asked.stage == "data":
        from synthesis.training.data import build

        if asked.speech is None:
            raise SystemExit("data needs --speech FOLDER")
        build(asked.speech, asked.work / "shards")
    elif asked.stage in RATES:
        _train(asked)
    elif asked.stage == "export":
        from synthesis.training.export import export

        export(asked.work, SIZES[asked.size])
    else:
        from synthesis.training.evaluate import evaluate

        evaluate(asked.work)


def _train(asked: argparse.Namespace) -> None:
    from importlib import import_module

    from synthesis.training.data import Shards

    part = import_module(f"synthesis.training.train_{asked.stage}")
    plan = Plan(asked.minutes, asked.rate or RATES[asked.stage], asked.device, asked.cool)
    part.train(Shards(asked.work / "shards"), asked.work / asked.stage, SIZES[asked.size], plan, asked.batch)


if __name__ == "__main__":
    main()
