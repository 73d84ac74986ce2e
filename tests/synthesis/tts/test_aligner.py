"""What the aligner says of frames."""

import torch

from synthesis.tts.aligner import Aligner
from synthesis.tts.config import SIZES


def test_padding_units_get_no_chance() -> None:
    torch.manual_seed(0)
    net = Aligner(SIZES["T"].aligner)
    units = torch.tensor([[[20, 0, 0], [59, 0, 0], [0, 0, 0]]])
    chance = net(units, torch.randn(1, 12, 100), units[..., 0] > 0)
    assert chance.exp()[..., 2].max() < 1e-6
    assert torch.allclose(chance.exp().sum(-1), torch.ones(1, 12), atol=1e-5)
