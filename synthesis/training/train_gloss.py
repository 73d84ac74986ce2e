"""Give the vocoder's sound the texture of a recording: `python -m synthesis.training gloss`.

Goes on from the vocoder run, with the same crops and the same distance, and with judges that
look at spectra with their phases. A distance alone leaves noise and harmonics as their mean.

Shapes: B batch, L frames, T samples.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from synthesis.training import adversary
from synthesis.training.data import Shards
from synthesis.training.peers import ALONE, Peers
from synthesis.training.run import Losses, Plan, Run
from synthesis.training.train_vocoder import EDGE, FRAMES, RESOLUTIONS, Crops, sound_loss
from synthesis.tts import features
from synthesis.tts.config import BaseConfig
from synthesis.tts.source import NOISE_FRAMES
from synthesis.tts.vocoder import Vocoder

BELIEVED, ALIKE = 0.05, 0.3  # weights beside the distances, which together are about 1


def train(
    shards: Shards, folder: Path, config: BaseConfig, plan: Plan, batch: int = 8, peers: Peers = ALONE
) -> nn.Module:
    """Train or go on training; begins with the averaged weights of the vocoder run beside `folder`."""
    net, judge = Vocoder(config.vocoder), adversary.SoundJudge()
    if not (folder / "last.pt").exists():
        state = torch.load(folder.parent / "vocoder" / "last.pt", map_location="cpu", weights_only=True)
        net.load_state_dict(state["average"])
    plan = replace(plan, betas=adversary.BETAS)
    run, other = Run(net, folder, plan, peers), Run(judge, folder / "judge", plan, peers)
    crops = Crops(shards, batch)
    first = run.steps

    def loss_of(step: int) -> Losses:
        real, f0, voiced = (part.to(plan.device) for part in crops.draw(step))
        mel = features.log_mel(real)[:, :FRAMES]
        with torch.autocast(plan.device, torch.bfloat16):
            filters = net.filters(mel, f0, voiced)
        made = net.render(mel, f0, filters, first_noise=step * 977 % NOISE_FRAMES)[:, EDGE:-EDGE]
        real = real[:, EDGE:-EDGE]
        heard = (features.log_mel(made) - features.log_mel(real)).abs().mean()
        sizes = [RESOLUTIONS[(step + k) % len(RESOLUTIONS)] for k in (0, 2)]
        parts = {"mel": heard, "stft": sound_loss(made, real, sizes)}
        parts["judge"] = _teach(other, judge, real, made.detach(), peers, run.steps - first)
        with torch.autocast(plan.device, torch.bfloat16):
            judge.requires_grad_(False)
            wanted, opinions = judge(real), judge(made)
            judge.requires_grad_(True)
        parts["believed"] = torch.stack([adversary.believed(one) for one in opinions]).mean()
        parts["alike"] = torch.stack([adversary.alike(a, b) for a, b in zip(wanted, opinions, strict=True)]).mean()
        weight = {"mel": 2.0, "stft": 1.0}
        if run.steps - first >= adversary.ALONE_STEPS or run.trained_s > 0:
            weight |= {"believed": BELIEVED, "alike": ALIKE}
        return {"loss": torch.stack([value * parts[name] for name, value in weight.items()]).sum(), **parts}

    run.train(loss_of, also=other)
    return net


def _teach(
    other: Run, judge: adversary.SoundJudge, real: Tensor, made: Tensor, peers: Peers, step: int
) -> Tensor:
    """One step of the judge; returns its loss."""

    def loss_of(_: int) -> Losses:
        with torch.autocast(real.device.type, torch.bfloat16):
            pairs = zip(judge(real), judge(made), strict=True)
            return {"loss": torch.stack([adversary.judged(a, b) for a, b in pairs]).mean()}

    return torch.tensor(adversary.lesson(other, loss_of, peers, step)["loss"])
