"""Freed memory goes back to the system, so that a quantised network takes what its weights take."""

import platform
import subprocess
import sys

import pytest
import torch
from torch import nn

from glm_image.execution import heap
from glm_image.execution.plan import WeightFormat
from glm_image.execution.quantize import Quantizer

QUANTISING = """
import sys
from pathlib import Path
import torch
from torch import nn
from glm_image.execution.plan import WeightFormat
from glm_image.execution.quantize import Quantizer

def resident():
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024

torch.set_num_threads(1)
network = nn.Module()
network.transformer_blocks = nn.ModuleList(
    nn.Linear(2048, 1024 + 1024 * (n % 4 > 0), bias=False, device="meta") for n in range(40)
)
quantizer = Quantizer(network, WeightFormat(sys.argv[1]))
counts, sizes = [], []
for n, layer in enumerate(network.transformer_blocks):
    quantizer(f"transformer_blocks.{n}.weight", torch.ones(layer.weight.shape).bfloat16())
    counts.append(resident())
    sizes.append(sum(one.nbytes for one in network.buffers()))
print((counts[-1] - counts[7]) / (sizes[-1] - sizes[7]))
"""
MOST = 1.15


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU library gives back")
@pytest.mark.parametrize("weights", ["int4", "int8"])
def test_quantising_takes_what_the_small_weights_take(weights: str) -> None:
    command = [sys.executable, "-c", QUANTISING, weights]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert float(done.stdout) < MOST


@pytest.mark.parametrize("weights", [WeightFormat.INT4, WeightFormat.INT8])
def test_layers_are_the_same_with_and_without(
    weights: WeightFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = torch.Generator().manual_seed(0)
    weight_oi, x = (torch.randn(2, 256, 256, generator=source) / 16).unbind()
    results = []
    for trim in (heap.give_back, lambda: None):
        monkeypatch.setattr(heap, "give_back", trim)
        network = nn.Module()
        network.transformer_blocks = nn.ModuleList([nn.Linear(256, 256, bias=False)])
        assert Quantizer(network, weights)("transformer_blocks.0.weight", weight_oi) is None
        results.append(network.transformer_blocks[0](x))
    assert torch.equal(*results)
