"""Give predicted frames the detail of recorded ones: `python -m synthesis.training polish`.

Goes on from the acoustic run. A model trained on mean distance draws formants flat, because the
mean of many readings is nobody's reading. Here a judge learns to tell its frames from recorded
ones, and the frame decoder learns to be believed, while the distance keeps it to what was said.
The encoder, the predictors and the voice end stay as they are: they overfit first and gain nothing
here. In half of the sentences pitch and energy are predicted ones, as they will be in use.

Shapes: B batch, L frames, M mel bands (100), W frames of a stretch.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from synthesis.training import adversary
from synthesis.training.data import Shards
from synthesis.training.peers import ALONE, Peers
from synthesis.training.run import Losses, Plan, Run
from synthesis.training.train_acoustic import Batch, Learner, Sentences, frame_losses, scores, to_device
from synthesis.tts.acoustic import Person, Prosody
from synthesis.tts.config import BaseConfig
from synthesis.tts.features import MELS, NARROW_BANDS

STRETCH = 96  # frames the judge sees of a sentence
LEARNS = tuple(f"acoustic.{name}." for name in ("decoder", "variance.pitch_in", "variance.energy_in", "variance.place"))
BELIEVED, ALIKE = 0.06, 0.3  # weights beside the mel distance, which has 1
JUDGES_SHARE = 0.5  # of the learning rate; a judge that learns as fast is soon never wrong, and teaches nothing


class Polisher(nn.Module):
    """The acoustic learner with all but its decoder held still."""

    def __init__(self, config: BaseConfig) -> None:
        super().__init__()
        self.learner = Learner(config)
        for name, value in self.learner.named_parameters():
            value.requires_grad_(name.startswith(LEARNS))

    def forward(self, batch: Batch, guessed: Tensor) -> tuple[Tensor, Tensor]:
        """Frames (B, L, M + 2) and the decoder's input (B, L, D); rows of `guessed` (B,) speak as predicted."""
        acoustic = self.learner.acoustic
        with torch.no_grad():
            person = Person(self.learner.voice(batch))
            read = acoustic.read(batch.units, batch.mask, person)
            said = acoustic.guess(read, batch.mask, person)
        row = guessed[:, None]
        prosody = Prosody(batch.durations, torch.where(row, said.pitch.float(), batch.pitch),
                          torch.where(row, said.energy.float(), batch.energy))
        inner = acoustic.frames(read, prosody, batch.mel.shape[1]).to(torch.bfloat16)
        return acoustic.decoder(inner, person, batch.heard.unsqueeze(-1).to(inner.dtype)), inner


def train(
    shards: Shards, folder: Path, config: BaseConfig, plan: Plan, batch: int = 0, peers: Peers = ALONE
) -> nn.Module:
    """Train or go on training; begins with the averaged weights of the acoustic run beside `folder`."""
    polisher, judge = Polisher(config), adversary.FrameJudge(config.acoustic.width)
    if not (folder / "last.pt").exists():
        state = torch.load(folder.parent / "acoustic" / "last.pt", map_location="cpu", weights_only=True)
        polisher.learner.load_state_dict(state["average"])
    plan = replace(plan, betas=adversary.BETAS)
    run = Run(polisher, folder, plan, peers)
    other = Run(judge, folder / "judge", replace(plan, rate=JUDGES_SHARE * plan.rate), peers)
    polisher.learner.acoustic.encoder.eval()
    polisher.learner.acoustic.variance.eval()
    sentences = Sentences(shards, scores(shards))
    first = run.steps

    def loss_of(step: int) -> Losses:
        dice = np.random.default_rng([29, step])
        drawn = to_device(sentences.draw(step), plan.device)
        guessed = torch.from_numpy(dice.random(len(drawn.mel)) < 0.5).to(plan.device)
        with torch.autocast(plan.device, torch.bfloat16):
            made, inner = polisher(drawn, guessed)
        parts = frame_losses(made, drawn, ~guessed)
        real, mine, said = _stretches(drawn, made, inner.detach(), dice)
        parts["judge"] = _teach(other, judge, (real, mine.detach(), said), peers, run.steps - first)
        with torch.autocast(plan.device, torch.bfloat16):
            judge.requires_grad_(False)
            opinion, wanted = judge(mine, said), judge(real, said)
            judge.requires_grad_(True)
        parts["believed"], parts["alike"] = adversary.believed(opinion), adversary.alike(wanted, opinion)
        parts["relief"] = _relief(made.detach(), drawn)
        weight = {"mel": 1.0, "edges": 0.1, "f0": 1.0, "voiced": 0.2}
        if run.steps - first >= adversary.ALONE_STEPS or run.trained_s > 0:
            weight |= {"believed": BELIEVED, "alike": ALIKE}
        return {"loss": torch.stack([value * parts[name] for name, value in weight.items()]).sum(), **parts}

    run.train(loss_of, also=other)
    return polisher.learner


def _teach(
    other: Run, judge: adversary.FrameJudge, seen: tuple[Tensor, Tensor, Tensor], peers: Peers, step: int
) -> Tensor:
    """One step of the judge on (recorded, made, said); returns its loss."""
    real, made, said = seen

    def loss_of(_: int) -> Losses:
        with torch.autocast(real.device.type, torch.bfloat16):
            return {"loss": adversary.judged(judge(real, said), judge(made, said))}

    return torch.tensor(adversary.lesson(other, loss_of, peers, step)["loss"])


def _stretches(
    batch: Batch, made: Tensor, inner: Tensor, dice: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """The same stretch of recorded and made mel (B, W, M) and of the decoder's input (B, W, D)."""
    lengths = batch.heard.sum(1).tolist()
    width = min(STRETCH, batch.mel.shape[1])
    starts = [int(dice.integers(0, max(1, length - width + 1))) for length in lengths]
    places = torch.tensor(starts, device=made.device)[:, None] + torch.arange(width, device=made.device)
    rows = torch.arange(len(starts), device=made.device)[:, None]
    known = batch.known()
    silence = -11.5 * (1 - known)
    real, mine = (mel[rows, places] * known + silence for mel in (batch.mel, made[..., :MELS]))
    return real, mine, inner[rows, places].float()


def _relief(made: Tensor, batch: Batch) -> Tensor:
    """How far bands stand from their neighbours, over how far recorded ones do: 1 is as lively as speech."""
    def steps(mel: Tensor) -> Tensor:
        return ((mel[..., 2:NARROW_BANDS] - mel[..., : NARROW_BANDS - 2]).abs() * batch.heard.unsqueeze(-1)).sum()

    return steps(made) / steps(batch.mel)
