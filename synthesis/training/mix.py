"""Part of the way from the shipped weights to the last run: `python -m synthesis.training mix --share 0.5`.

An hour of one person's speech is learnt by heart on the text side: after some thousand steps the
frames of held-out sentences still get better, their durations and pitch worse. Both ends of a run
lie in one basin, so the encoder and the predictors are set between them, and the decoder is kept.
Polishing comes afterwards and gets the decoder used to it.

Source: Wortsman et al., "Robust fine-tuning of zero-shot models", 2022 (weight-space interpolation).
"""

from pathlib import Path

import torch

from synthesis.training import held_out
from synthesis.tts.voice import BaseVoice

KEPT = ("acoustic.decoder.", "speaker.")  # of the run, whole


def mix(base: BaseVoice, work: Path, share: float) -> None:
    """Replace the averaged weights of the acoustic run by those `share` of the way to them from `base`."""
    checkpoint = work / "acoustic" / "last.pt"
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    shipped = held_out.shipped(base).state_dict()
    for name, value in state["average"].items():
        if value.is_floating_point() and not name.startswith(KEPT):
            value.copy_(torch.lerp(shipped[name], value, share))
    torch.save(state, checkpoint.with_name("next.pt"))
    checkpoint.with_name("next.pt").replace(checkpoint)
