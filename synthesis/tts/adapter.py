"""What makes the base speak as one person: a small file of additions, never a changed base.

For holding, packing and stacking adapters. How one is trained stands in `adapt`. An adapter is
a flat set of tensors; `person` lays the sets of several voices side by side, one row each, so
that one forward pass speaks them all.

Shapes: B voices in a batch, D width, V voice, R rank, M mel bands.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from synthesis.tts import voicefile
from synthesis.tts.acoustic import Person
from synthesis.tts.blocks import Touch
from synthesis.tts.config import AcousticConfig
from synthesis.tts.features import MELS
from synthesis.tts.variance import PredictorTouch

KIND = "consonant-adapter/1"
RANK = 8
_PREDICTORS = ("duration", "pitch", "energy")


@dataclass(frozen=True)
class Adapter:
    """One voice's additions. `base` is the digest of the only base they fit; tensors have no batch axis."""

    base: str
    tensors: Mapping[str, Tensor]

    def to_bytes(self) -> bytes:
        """Safetensors, half precision, under 400 kB for size S and M."""
        return voicefile.pack(self.tensors, {"kind": KIND, "base": self.base})

    @classmethod
    def from_bytes(cls, data: bytes) -> "Adapter":
        """Read `to_bytes` back.

        Raises:
            BadVoiceFile: not an adapter of this version.
        """
        tensors, facts = voicefile.parse(data)
        if facts.get("kind") != KIND:
            raise voicefile.BadVoiceFile(f"not an adapter of kind {KIND}: {facts.get('kind')!r}")
        return cls(facts["base"], {name: value.float() for name, value in tensors.items()})


def shapes(config: AcousticConfig, rank: int = RANK) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor an adapter holds."""
    width, inner, wide = config.width, config.predictor_width, config.width * config.decoder_expand
    found: dict[str, tuple[int, ...]] = {"voice": (config.voice,), "who": (width,)}
    for number in range(config.decoder_blocks):
        found |= {
            f"stage.{number}.shape": (2 * width,),
            f"stage.{number}.grow_in": (width, rank), f"stage.{number}.grow_out": (rank, wide),
            f"stage.{number}.shrink_in": (wide, rank), f"stage.{number}.shrink_out": (rank, width),
        }
    found |= {"last": (2 * width,), "out_in": (width, rank), "out_out": (rank, MELS + 2), "bias": (MELS + 2,)}
    for name in _PREDICTORS:
        found |= {f"{name}.one": (2 * inner,), f"{name}.two": (2 * inner,),
                  f"{name}.row": (inner,), f"{name}.bias": (1,)}
    return found


def blank(config: AcousticConfig, vector: Tensor, seed: int, rank: int = RANK) -> dict[str, Tensor]:
    """Trainable tensors that change nothing yet: the voice vector (V,), zeros, and random inner factors."""
    dice = torch.Generator().manual_seed(seed)
    found = {}
    for name, shape in shapes(config, rank).items():
        found[name] = torch.zeros(shape)
        if name.endswith("_in"):
            found[name] = torch.randn(shape, generator=dice) / math.sqrt(shape[0])
    found["voice"] = vector.clone().float()
    return {name: value.requires_grad_() for name, value in found.items()}


def person(
    config: AcousticConfig, vectors: Sequence[Tensor], adapters: Sequence[Mapping[str, Tensor] | None]
) -> Person:
    """Who speaks in each row: voice vectors (V,), each with its adapter's tensors or None.

    An adapter brings its own tuned voice vector, which replaces the one given.
    """
    if not any(adapters):
        return Person(torch.stack(list(vectors)))
    empty = {name: torch.zeros(shape) for name, shape in shapes(config, _rank(adapters)).items()}
    rows = [empty | {"voice": vector} if tensors is None else tensors
            for vector, tensors in zip(vectors, adapters, strict=True)]
    return side_by_side(
        config, {name: torch.stack([fit(row[name], empty[name].shape) for row in rows]) for name in empty}
    )


def side_by_side(config: AcousticConfig, side: Mapping[str, Tensor]) -> Person:
    """Who speaks, from tensors named as in `shapes` with a batch axis in front."""
    stages = tuple(
        Touch(*(side[f"stage.{number}.{part}"] for part in Touch._fields)) for number in range(config.decoder_blocks)
    )
    parts = [PredictorTouch(*(side[f"{name}.{part}"] for part in PredictorTouch._fields)) for name in _PREDICTORS]
    last, out_in, out_out, bias = (side[name] for name in ("last", "out_in", "out_out", "bias"))
    return Person(side["voice"], side["who"], stages, last, out_in, out_out, bias, *parts)


def _rank(adapters: Sequence[Mapping[str, Tensor] | None]) -> int:
    return max(tensors["out_in"].shape[1] for tensors in adapters if tensors is not None)


def fit(value: Tensor, shape: Sequence[int]) -> Tensor:
    """Adapters of lower rank get zero columns, so that ranks can mix in one batch."""
    if value.shape == shape:
        return value
    gaps = [wanted - had for had, wanted in zip(value.shape, shape, strict=True)]
    return torch.nn.functional.pad(value, [edge for gap in reversed(gaps) for edge in (0, gap)])
