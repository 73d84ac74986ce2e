"""A training under way as bytes, so that it goes on when its process has died.

All that the next step hangs on: the tensors as they are and at their best, AdamW's two means, the dice and what early
stopping has counted, in single precision. Training that goes on from it makes the adapter, bit for bit, that it would
have made. What it made of the takes at the beginning is made again: it is quicker than reading it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW

from synthesis.tts import voicefile
from synthesis.tts.takes import Take

_FORMAT = 1  # raised when older trainings cannot go on: they begin anew
_MEANS = ("exp_avg", "exp_avg_sq")  # as AdamW calls them
_PARTS = ("now", "best", *_MEANS)


@dataclass(frozen=True)
class Checkpoint:
    """How far a training is.

    Args:
        of: what is trained on what, see `subject_of`; it goes on with that alone.
        step: steps taken. waited: looks since the best. best_loss: then.
        dice: the state of the generator that draws takes.
        parts: of each of _PARTS, the tensors by name.
    """

    of: str
    step: int
    waited: int
    best_loss: float
    dice: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Tensor]]

    def to_bytes(self) -> bytes:
        """Safetensors in single precision."""
        tensors = {f"{part}/{name}": value for part, some in self.parts.items() for name, value in some.items()}
        facts = {name: getattr(self, name) for name in ("of", "step", "waited", "best_loss", "dice")}
        return voicefile.pack(tensors, facts, torch.float32)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Checkpoint":
        """Read back.

        Raises:
            BadVoiceFile: these are no such bytes.
        """
        tensors, facts = voicefile.parse(data)
        parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
        try:
            for path, value in tensors.items():
                part, _, name = path.partition("/")
                parts[part][name] = value
            return cls(**facts, parts=parts)
        except (KeyError, TypeError) as wrong:
            raise voicefile.BadVoiceFile(f"not a training under way: {wrong}") from wrong


def means(optimiser: AdamW, tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The two means that `optimiser` keeps of each tensor, as parts of a checkpoint; none of what is not learned."""
    kept = {name: optimiser.state[value] for name, value in tensors.items() if value in optimiser.state}
    return {mean: {name: own[mean].clone() for name, own in kept.items()} for mean in _MEANS}


def set_means(optimiser: AdamW, tensors: Mapping[str, Tensor], found: Checkpoint) -> None:
    """Let `optimiser` go on with `tensors` as if it had taken the steps itself."""
    for name in found.parts[_MEANS[0]]:
        value = tensors[name]
        own = {mean: found.parts[mean][name].to(value.device) for mean in _MEANS}
        optimiser.state[value] = {"step": torch.tensor(float(found.step)), **own}


def subject_of(
    base_sha256: str, seed: int, steps: int, takes: Sequence[Take], replay: Sequence[Sequence[int]]
) -> str:
    """A digest of everything that a training is made of."""
    digest = hashlib.sha256(f"{_FORMAT} {base_sha256} {seed} {steps} {torch.__version__}".encode())
    digest.update(repr([tuple(ids) for ids in replay]).encode())
    for take in takes:
        digest.update(repr(tuple(take.ids)).encode() + take.samples.tobytes())
    return digest.hexdigest()
