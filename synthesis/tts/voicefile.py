"""Weights and adapters as files: safetensors only, and only with the hash that was promised.

For the base voice folder (`base.safetensors` beside `base.sha256`) and for adapter bytes.
Nothing here unpickles, so a hostile file can at worst be refused. It knows no network.

Rule of evolution: a base file carries its configuration, whose format number rises when older
code could not read it; adapters name the base they were made for and fit no other.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

BASE, DIGEST = "base.safetensors", "base.sha256"
_FACTS = "consonant"


class BadVoiceFile(ValueError):
    """A weights or adapter file is not what it should be; the message says in what."""


def save_base(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> str:
    """Write weights in half precision with their configuration and digest; returns the digest."""
    data = pack(tensors, facts)
    digest = hashlib.sha256(data).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BASE).write_bytes(data)
    (folder / DIGEST).write_text(f"{digest}  {BASE}\n", encoding="ascii")
    return digest


def load_base(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any], str]:
    """Weights in single precision, their configuration and their digest.

    Raises:
        BadVoiceFile: a file is missing, or the weights are not the ones the digest names.
    """
    try:
        data = (folder / BASE).read_bytes()
        promised = (folder / DIGEST).read_text(encoding="ascii").split()[0]
    except (OSError, IndexError, UnicodeDecodeError) as wrong:
        raise BadVoiceFile(f"no readable base voice in {folder}: {wrong}") from wrong
    digest = hashlib.sha256(data).hexdigest()
    if digest != promised:
        raise BadVoiceFile(f"{BASE} has SHA-256 {digest}, not {promised}: altered or incomplete")
    tensors, facts = parse(data)
    return {name: value.float() for name, value in tensors.items()}, facts, digest


def parse(data: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of bytes that `pack` made.

    Raises:
        BadVoiceFile: not safetensors, or without facts.
    """
    try:
        tensors = safetensors.torch.load(data)
        size = int.from_bytes(data[:8], "little")
        facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"][_FACTS])
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as wrong:
        raise BadVoiceFile(f"not a safetensors file of ours: {wrong}") from wrong
    return tensors, facts


def pack(tensors: Mapping[str, Tensor], facts: Mapping[str, Any], precision: torch.dtype = torch.float16) -> bytes:
    """Safetensors bytes of tensors in half precision, or in another; equal input gives equal bytes."""
    rounded = {name: value.detach().cpu().to(precision).contiguous() for name, value in tensors.items()}
    # One entry: the library writes several in any order.
    return safetensors.torch.save(rounded, {_FACTS: json.dumps(facts, sort_keys=True)})
