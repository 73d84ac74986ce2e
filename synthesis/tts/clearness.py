"""How sure the aligner is of the sounds of a sentence, where a voice says them.

It has learned from many people what each sound is like; where it hears other sounds, people do. Training hears it say
so of sentences that the person has not read, and what is kept of a training is chosen by it.

Shapes: N units, L frames, M mel bands.
Source: Tjandra, Sakti, Nakamura, "Listening while speaking: speech chain by deep learning", 2017.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from synthesis.tts import adapter, contrast, symbols
from synthesis.tts.features import MELS
from synthesis.tts.voice import BaseVoice


def chances(base: BaseVoice, tensors: Mapping[str, Tensor], ids: Sequence[int]) -> Tensor:
    """Log chance of the sound that is said, for each frame that is no pause.

    Args:
        tensors: of an adapter. Gradients reach them by the frames, not by when and how high each sound is said.
        ids: phoneme numbers of the sentence.
    """
    acoustic, units = base.acoustic, base.units(ids)
    person = adapter.person(base.config.acoustic, [tensors["voice"]], [tensors])
    mask = torch.ones(units.shape[:2], dtype=torch.bool, device=base.device)
    read = acoustic.read(units, mask, person)
    with torch.no_grad():
        plan = acoustic.plan(read, mask, person)
    made = acoustic.decoder(acoustic.frames(read, plan, int(plan.durations.sum())), person)
    heard = base.aligner(units, contrast.sharpened(made[..., :MELS].float()), mask)[0].float()
    owner = torch.repeat_interleave(plan.durations[0].long())
    pauses = torch.isin(units[0, :, 0], torch.tensor(sorted(symbols.PAUSE_IDS), device=base.device))
    return heard[torch.arange(len(owner), device=base.device), owner][~pauses[owner]]
