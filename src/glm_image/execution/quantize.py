"""Which layers are quantised, and their weights taken as they are read.

The layers inside the stacks of blocks hold nearly all weights. What stands before and behind a
stack stays as stored. Two kinds of layers keep eight bits in every format, because they are small
and what they give is not averaged over many tokens: modulations, and the encoder of source images.
"""

import torch
from torch import Tensor, nn

from glm_image.execution import heap
from glm_image.execution.linear import replace
from glm_image.execution.plan import WeightFormat
from glm_image.execution.quantized import (
    DynamicInt8Linear,
    Fp8Linear,
    Int4Linear,
    Int8Linear,
    QuantizedLinear,
)

STACKS = ("language_model.layers.", "visual.blocks.", "transformer_blocks.")
"""Where the blocks of the generator and of the decoder stand."""

_CAREFUL = ("visual.", "norm1")
"""In the names of layers that keep eight bits and the precision of their inputs."""

_KINDS: dict[WeightFormat, type[QuantizedLinear]] = {
    WeightFormat.INT8: Int8Linear,
    WeightFormat.INT8_DYNAMIC: DynamicInt8Linear,
    WeightFormat.INT4: Int4Linear,
    WeightFormat.FP8: Fp8Linear,
}


class Quantizer:
    """Takes the weights of a network as they are read, so that no layer is ever held in full twice.

    Args:
        network: Its layers are replaced one by one.
        weights: Any format but the stored one.
        device: Where the layers will work, which lays four bits out in its own order; None if
            that is where they are read.
    """

    def __init__(
        self, network: nn.Module, weights: WeightFormat, device: torch.device | None = None
    ) -> None:
        self._network = network
        self._weights = weights
        self._device = device

    def __call__(self, name: str, weight: Tensor) -> Tensor | None:
        """Quantise one weight if it is to be; else give it back.

        Args:
            name: Dotted name of the weight in the network.
            weight: Its values; not kept.
        """
        weights = format_of(name, weight.shape, self._weights)
        place, _, _ = name.rpartition(".")
        layer = self._network.get_submodule(place)
        if weights is WeightFormat.STORED or type(layer) is not nn.Linear:
            return weight
        replace(self._network, place, self._round(weight, layer.bias, _KINDS[weights]))
        # What rounding took would stay between the layers, as much again as the small weights.
        heap.give_back()
        return None

    def _round(
        self, weight: Tensor, bias: nn.Parameter | None, kind: type[QuantizedLinear]
    ) -> QuantizedLinear:
        """Round where the layer will work; what comes of it waits where the weight was."""
        layer = kind.of(weight.to(self._device or weight.device), bias)
        for name, values in list(layer.named_buffers(recurse=False)):
            setattr(layer, name, values.to(weight.device))
        return layer


def format_of(name: str, shape: torch.Size, weights: WeightFormat) -> WeightFormat:
    """How one parameter of a linear layer is held.

    Args:
        name: Its dotted name in the network.
        shape: Its shape.
        weights: Format that the plan wants.
    """
    if weights is WeightFormat.STORED or not name.startswith(STACKS) or len(shape) != 2:
        return WeightFormat.STORED
    careful = any(part in name for part in _CAREFUL)
    if careful or (weights is WeightFormat.INT4 and not Int4Linear.fits(shape)):
        return WeightFormat.INT8
    return weights


def quantize(network: nn.Module, weights: WeightFormat) -> None:
    """Quantise a network that is loaded already, layer by layer."""
    quantizer = Quantizer(network, weights)
    for name, parameter in list(network.named_parameters()):
        quantizer(name, parameter.detach())
