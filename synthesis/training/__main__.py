"""`python -m synthesis.training STAGE`: one command for each stage of making the weights.

    data      folders of speech -> shards           vocoder   frames -> sound
    aligner   which frames belong to which sound    export    checkpoints -> synthesis/weights
    speaker   who is speaking                       evaluate  copy synthesis and word errors
    acoustic  text -> frames
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
    parser.add_argument("stage", choices=["data", "export", "evaluate", *stages.RATES])
    parser.add_argument("--speech", type=Path, help="folder of recordings (data)")
    parser.add_argument("--work", type=Path, default=Path("var/training"), help="where shards and runs lie")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--size", choices=sorted(SIZES), default="S")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of this run; it can be taken up again")
    parser.add_argument("--rate", type=float, help="peak learning rate")
    parser.add_argument("--cool", type=float, default=0.4, help="part of the run over which the rate falls")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--workers", type=int, default=1, help="processes that train side by side on a CPU")
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
    elif asked.stage in stages.RATES:
        launch(asked.workers, stages.train, asked)
    elif asked.stage == "export":
        from synthesis.training.export import export

        print(export(asked.work, SIZES[asked.size]))
    else:
        _evaluate(asked)


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
