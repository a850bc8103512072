"""Random weights in which every term of a network shows.

Default initialisation is too small to show a wrong bias, norm or position.
"""

import torch
from torch import nn

NORMS = (nn.LayerNorm, nn.GroupNorm)


def make_visible(network: nn.Module, seed: int) -> None:
    """Matrices N(0, 1 / fan_in), norm scales 1 ± 0.2, biases ± 0.2, embeddings 0.7."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            scales = isinstance(module, NORMS) or "Norm" in type(module).__name__
            for name, parameter in module.named_parameters(recurse=False):
                noise = torch.randn(parameter.shape, generator=generator)
                if isinstance(module, nn.Embedding):
                    parameter.copy_(0.7 * noise)
                elif parameter.ndim > 1:
                    parameter.copy_(noise * parameter[0].numel() ** -0.5)
                elif scales and name == "weight":
                    parameter.copy_(1 + 0.2 * noise)
                else:
                    parameter.copy_(0.2 * noise)
