"""The speaker check as it ships: embeddings made alike in every direction, and the threshold of one person.

The network was trained to tell the people of the training apart, and uses a few directions for most of it: strangers
who differ in others look alike. Whitening by clips of the training people evens that out: half the equal error rate
on people nobody trained on (see `synthesis/README.md`). It is linear, so it becomes part of the last layer.

Shapes: N clips, E width of an embedding.
Source: whitening before cosine scoring, Garcia-Romero & Espy-Wilson, "Analysis of i-vector length normalization", 2011.
"""

from collections import defaultdict

import numpy as np
import torch
from numpy.typing import NDArray

from synthesis.training.data import Shards
from synthesis.tts import features
from synthesis.tts.features import RATE_HZ
from synthesis.tts.speaker import SpeakerNet
from synthesis.tts.voice import BaseVoice

TRIAL_S = 8.0  # speech on each side of a speaker trial
FALSE_MATCH = 0.001  # share of impostor trials that the threshold lets through, on the unseen people
MOST_CLIPS = 8  # of one person
SHRUNK = 0.1  # of the mean variance, added in every direction: 300 people do not tell 128 of them exactly

Clips = dict[str, list[NDArray[np.float32]]]


def clips(shards: Shards, *, unseen: bool) -> Clips:
    """Clips of eight seconds of each person, of those nobody trained on or of all others."""
    by_speaker: Clips = defaultdict(list)
    for row in shards.rows:
        if (row.split == "unseen") == unseen:
            by_speaker[row.speaker].append(shards.wave_of(row))
    return {name: found for name in sorted(by_speaker) if (found := _joined(by_speaker[name]))}


def _joined(waves: list[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    need, found, held = int(TRIAL_S * RATE_HZ), [], np.zeros(0, np.float32)
    for wave in waves:
        held = np.concatenate([held, wave])
        if len(held) >= need:
            found.append(held[:need])
            held = np.zeros(0, np.float32)
        if len(found) == MOST_CLIPS:
            break
    return found


@torch.no_grad()
def whiten(net: SpeakerNet, people: Clips) -> None:
    """Change the last layer so that embeddings of `people` have no mean and the same variance in every direction."""
    heard = torch.cat([_before(net, clip) for found in people.values() for clip in found]).double()
    counts = [len(found) for found in people.values()]
    weight = torch.tensor([1 / count / len(counts) for count in counts for _ in range(count)], dtype=torch.float64)
    mean = weight @ heard
    spread = (heard - mean).T @ ((heard - mean) * weight[:, None])
    spread += SHRUNK * spread.diagonal().mean() * torch.eye(len(mean), dtype=torch.float64)
    even = torch.linalg.cholesky(torch.linalg.inv(spread)).T  # even @ spread @ even.T is the unit matrix
    net.who.weight.copy_(even @ net.who.weight.double())
    net.who.bias.copy_(even @ (net.who.bias.double() - mean))


def _before(net: SpeakerNet, clip: NDArray[np.float32]) -> torch.Tensor:
    """What the last layer says of a clip, (1, E), not yet of unit length."""
    mel = features.log_mel(torch.from_numpy(features.levelled(clip))[None])
    out: torch.Tensor = net.who(net.statistics(mel, torch.ones(mel.shape[:2], dtype=torch.bool)))
    return out


def trials(base: BaseVoice, people: Clips) -> dict[str, float]:
    """The threshold at FALSE_MATCH, and error rates of the check on `people`."""
    names = [name for name, found in people.items() for _ in found]
    vectors = np.stack([base.speaker_embedding(clip) for found in people.values() for clip in found])
    cosine, upper = vectors @ vectors.T, np.triu_indices(len(names), 1)
    same = np.array([names[i] == names[j] for i, j in zip(*upper, strict=True)])
    own, other = np.sort(cosine[upper][same]), np.sort(cosine[upper][~same])
    threshold = float(np.quantile(other, 1 - FALSE_MATCH))
    places = np.linspace(-1, 1, 2001)
    miss, false = np.searchsorted(own, places) / len(own), 1 - np.searchsorted(other, places) / len(other)
    return {"threshold": threshold, "miss": float((own < threshold).mean()), "false_match": FALSE_MATCH,
            "equal": float(((miss + false) / 2)[np.abs(miss - false).argmin()]),
            "own_trials": len(own), "impostor_trials": len(other), "people": len(people)}
