"""The speaker check as it ships."""

from __future__ import annotations

import numpy as np
import torch

from synthesis.training import speaker_check
from synthesis.tts.config import SIZES
from synthesis.tts.speaker import SpeakerNet


def people(count: int = 24) -> speaker_check.Clips:
    """Noise through as many rooms: two clips of each."""
    dice = np.random.default_rng(0)
    shapes = dice.normal(size=(count, 24))
    return {
        f"p{number}": [np.convolve(dice.normal(size=12_000), shape, "same").astype(np.float32) / 50 for _ in range(2)]
        for number, shape in enumerate(shapes)
    }


def test_embeddings_have_no_mean_and_one_variance_in_every_direction() -> None:
    torch.manual_seed(0)
    net, heard = SpeakerNet(SIZES["T"].speaker).eval(), people()
    speaker_check.whiten(net, heard)
    with torch.no_grad():
        said = torch.cat([speaker_check._before(net, clip) for found in heard.values() for clip in found])
    assert said.mean(0).abs().max() < 1e-3
    strong = torch.linalg.eigvalsh(torch.cov(said.T, correction=0))
    assert strong.max() < 1.01  # what was added in every direction leaves the weak ones below
    assert strong[-6:].min() > 0.5


def test_the_threshold_lets_the_share_through_that_it_says(monkeypatch) -> None:
    class Told:
        """Embeddings that are the clips."""

        def speaker_embedding(self, clip: np.ndarray) -> np.ndarray:
            return clip / np.linalg.norm(clip)

    dice = np.random.default_rng(1)
    centres = dice.normal(size=(60, 8))
    close = {f"p{n}": [centre + dice.normal(size=8) / 3 for _ in range(4)] for n, centre in enumerate(centres)}
    monkeypatch.setattr(speaker_check, "FALSE_MATCH", 0.01)
    found = speaker_check.trials(Told(), close)
    assert (found["own_trials"], found["impostor_trials"]) == (60 * 6, 240 * 239 // 2 - 360)
    vectors = np.array([v / np.linalg.norm(v) for own in close.values() for v in own])
    who = np.repeat(np.arange(60), 4)
    other = (vectors @ vectors.T)[(who[:, None] < who)]
    assert abs((other >= found["threshold"]).mean() - 0.01) < 1e-3
    assert 0 < found["equal"] < 0.2
