"""Training multiplies in half precision only where that is quick."""

import pytest
import torch

from synthesis.tts import precision


@pytest.mark.parametrize("has", [True, False])
def test_products_in_bf16_where_the_processor_has_them(has: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": has})
    with precision.quick("cpu"):
        made = torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 3))
    assert made.dtype == (torch.bfloat16 if has else torch.float32)
