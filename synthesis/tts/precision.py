"""In how many bits training multiplies."""

import torch


def quick(device: str) -> torch.autocast:
    """Products in bf16 where the hardware has them; elsewhere single precision.

    A processor without them (AVX2) imitates a product in bf16, which takes longer than one in single precision.
    """
    own = device != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return torch.autocast(device, torch.bfloat16, enabled=own)
