"""The speaker network's contract with padding and with levels."""

import torch

from synthesis.tts.config import SIZES
from synthesis.tts.speaker import SpeakerNet


def net() -> SpeakerNet:
    torch.manual_seed(0)
    return SpeakerNet(SIZES["T"].speaker).eval()


def test_embedding_has_unit_length() -> None:
    heard = torch.ones(3, 50, dtype=torch.bool)
    one = net()
    size = one.embedding(one.statistics(torch.randn(3, 50, 100), heard)).norm(dim=-1)
    assert torch.allclose(size, torch.ones(3), atol=1e-5)


def test_padding_changes_nothing() -> None:
    one, mel = net(), torch.randn(1, 50, 100)
    alone = one.statistics(mel, torch.ones(1, 50, dtype=torch.bool))
    padded = torch.cat([mel, torch.full((1, 30, 100), -11.5)], 1)
    beside = one.statistics(padded, torch.arange(80)[None] < 50)
    assert torch.allclose(alone, beside, atol=1e-4)


def test_a_louder_clip_is_the_same_person() -> None:
    one, mel, heard = net(), torch.randn(1, 50, 100), torch.ones(1, 50, dtype=torch.bool)
    assert torch.allclose(one.statistics(mel, heard), one.statistics(mel + 2.0, heard), atol=1e-4)


def test_bands_above_seven_kilohertz_are_not_heard() -> None:
    one, mel, heard = net(), torch.randn(1, 50, 100), torch.ones(1, 50, dtype=torch.bool)
    dull = mel.clone()
    dull[..., 80:] = -11.5
    assert torch.equal(one.statistics(mel, heard), one.statistics(dull, heard))
