"""Frames of two voices are paired by what is said, not by who speaks, and the way between them is a small matrix."""

import torch

from synthesis.tts import pairing
from synthesis.tts.features import MELS
from synthesis.tts.pairing import Frames

SOUNDS = 8


def sounds(tilt: float, seed: int, count: int = 60) -> tuple[Frames, torch.Tensor]:
    """Sounds of eight frames each, drawn anew, in a throat of that tilt; and which sound each frame is."""
    bands = torch.arange(MELS) / MELS
    humps = torch.stack([torch.cos(bands * (number + 2) * 2) * 2 for number in range(SOUNDS)])
    which = torch.randint(SOUNDS, (count,), generator=torch.Generator().manual_seed(seed)).repeat_interleave(8)
    noise = 0.05 * torch.randn(len(which), MELS, generator=torch.Generator().manual_seed(seed + 1))
    return Frames(humps[which] - 4 - tilt * bands * (1 + humps[which] / 4) + noise, which > 1), which


def test_other_words_of_another_throat_are_paired_by_what_is_said() -> None:
    own, which = sounds(0.0, 1)
    other, there = sounds(2.0, 2)
    every = torch.ones(len(which), dtype=torch.bool)
    aims = pairing.paired(own, other, every)
    means = torch.stack([other.mel[there == number].mean(0) for number in range(SOUNDS)])
    missed = (torch.cdist(aims, means).argmin(1) != which).float().mean()
    assert missed < 0.25  # chance is 0.875; beside an edge a frame is like two
    assert (aims - means[which]).abs().mean() < 0.5 * (own.mel - means[which]).abs().mean()


def test_pairs_vary_as_much_as_the_frames_they_are_means_of() -> None:
    """Bands that only differ by chance, so that a mean of five would vary a fifth less or more."""
    dice = torch.Generator().manual_seed(3)
    own, _ = sounds(0.0, 1)
    mel = own.mel + torch.randn(own.mel.shape, generator=dice)
    other = Frames(mel, own.voiced)
    aims = pairing.paired(own, other, torch.ones(len(mel), dtype=torch.bool))[own.voiced]
    lost = aims.std(0) / mel[own.voiced].std(0)
    assert lost.min() > 0.95
    assert lost.max() < 1.05


def test_a_frame_without_anything_like_it_stays() -> None:
    own, which = sounds(0.0, 1)
    other, _ = sounds(2.0, 2)
    mute = Frames(other.mel, torch.ones_like(other.voiced))
    aims = pairing.paired(own, mute, torch.ones(len(which), dtype=torch.bool))
    assert torch.equal(aims[~own.voiced], own.mel[~own.voiced])
    assert not torch.equal(aims[own.voiced], own.mel[own.voiced])


def test_what_is_quiet_is_no_speech() -> None:
    own, _ = sounds(0.0, 1)
    mel = own.mel.clone()
    mel[::3] = -11.0
    assert not pairing.speech(mel)[::3].any()
    assert pairing.speech(own.mel).all()


def test_a_ridge_finds_the_way_and_distrusts_what_hardly_varies() -> None:
    dice = torch.Generator().manual_seed(0)
    x = torch.randn(4000, 6, generator=dice) * torch.tensor([10.0, 10, 10, 10, 10, 0.01])
    way = torch.randn(6, MELS, generator=dice)
    found = pairing.ridge(x - x.mean(0), x @ way)
    assert torch.allclose(found[:5], way[:5], atol=0.05)
    assert found[5].abs().max() < 0.01


def test_a_way_of_low_rank_is_kept_whole() -> None:
    dice = torch.Generator().manual_seed(0)
    x = torch.randn(300, 20, generator=dice)
    matrix = torch.randn(20, 4, generator=dice) @ torch.randn(4, MELS, generator=dice)
    down, up = pairing.low_rank(x, matrix, 4)
    assert torch.allclose(down @ up, matrix, atol=1e-3)
    assert torch.allclose(down.norm(dim=0), torch.ones(4))
