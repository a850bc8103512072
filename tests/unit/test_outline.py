"""Outlines have shapes and nothing else, and cost little to make."""

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from glm_image.checkpoint.outline import without_memory


def test_an_outline_has_no_memory_and_draws_nothing() -> None:
    before = torch.get_rng_state()
    with without_memory():
        layers = [nn.Linear(2, 3), nn.Embedding(4, 5), nn.Conv2d(1, 2, 3), nn.LayerNorm(6)]
    assert all(value.is_meta for layer in layers for value in layer.parameters())
    assert [tuple(layer.weight.shape) for layer in layers] == [(3, 2), (4, 5), (2, 1, 3, 3), (6,)]
    assert torch.equal(torch.get_rng_state(), before)
    assert not nn.Embedding(4, 5).weight.is_meta
    assert nn.Embedding(4, 5).weight.std() > 0


def test_loading_a_model_loads_no_compiler(tiny_checkpoint: Path) -> None:
    script = (
        "import sys\n"
        "from glm_image import GlmImagePipeline\n"
        f"GlmImagePipeline.from_pretrained({str(tiny_checkpoint)!r}, device='cpu')\n"
        "print([name for name in ('sympy', 'torch._dynamo', 'huggingface_hub')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]"]
