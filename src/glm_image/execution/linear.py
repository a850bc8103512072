"""Linear layers as the plan wants them: prepacked for the CPU, fused with an activation, joined.

On a CPU, oneDNN multiplies matrices whose weights were brought into its own order beforehand; the
plain weight is dropped, so that memory does not double. The operators are those that torch's
compiler uses when it freezes weights. Where they are missing, :func:`is_available` says so and the
plain layers stay.

Legend: o outputs, i inputs.
"""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from glm_image.errors import ConfigError

_PLAIN = "none"
_GELU = "gelu"


@runtime_checkable
class Joinable(Protocol):
    """A linear layer in another form that can be stacked with others of its form."""

    def joined(self, others: Sequence[Any]) -> nn.Module:
        """One layer with the outputs of this one, then those of the others."""


class PackedLinear(nn.Module):
    """A linear layer on the CPU whose weight lies in oneDNN's order.

    Class B: another order of summation than torch's own product. Inputs have the dtype of the
    weight. Weights do not learn.

    Source: oneDNN, inner product with reordered weights; reference behaviour: torch, freezing.

    Args:
        weight_oi: ``[out, in]`` in fp32 or bf16.
        bias_o: ``[out]``, or None.
        gelu: ``approximate`` of the GELU that follows; None for none.
    """

    def __init__(self, weight_oi: Tensor, bias_o: Tensor | None, gelu: str | None = None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight_oi.shape
        self.gelu = gelu
        # No buffer: its layout has no plain storage that could be cast, moved or saved.
        self._packed = torch.ops.mkldnn._reorder_linear_weight(weight_oi.detach(), None)
        self.bias = None if bias_o is None else nn.Parameter(bias_o.detach(), requires_grad=False)

    @property
    def dense(self) -> Tensor:
        """The weight ``[out, in]`` as it was, bit for bit."""
        weight_oi: Tensor = self._packed.to_dense()
        return weight_oi

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., in]`` to ``[..., out]``."""
        attribute, algorithm = (_PLAIN, "") if self.gelu is None else (_GELU, self.gelu)
        # Strided inputs would take oneDNN's reference path, thousands of times slower.
        out: Tensor = torch.ops.mkldnn._linear_pointwise(
            x.contiguous(), self._packed, self.bias, attribute, [], algorithm
        )
        return out

    def plain(self) -> nn.Linear:
        """The layer as it was before packing; a fused GELU is lost."""
        return _plain(self.dense, self.bias)

    def joined(self, others: Sequence["PackedLinear"]) -> nn.Module:
        """One layer with the outputs of this one, then those of the others."""
        plain = join([layer.plain() for layer in (self, *others)])
        return pack(plain) if isinstance(plain, nn.Linear) else plain

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        """Give the weight as it was, so that a packed network is saved like a plain one."""
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[f"{prefix}weight"] = self.dense


def is_available(dtype: torch.dtype) -> bool:
    """Whether this build of torch packs weights of a dtype, which is tried on a small matrix."""
    try:
        layer = PackedLinear(torch.eye(16, dtype=dtype), None)
        return torch.equal(layer(torch.eye(16, dtype=dtype)), torch.eye(16, dtype=dtype))
    except (AttributeError, RuntimeError):
        return False


def pack(layer: nn.Linear, gelu: str | None = None) -> PackedLinear:
    """Pack a layer.

    Args:
        layer: On the CPU.
        gelu: ``approximate`` of the GELU that follows it and that the packed layer includes.
    """
    return PackedLinear(layer.weight, layer.bias, gelu)


def join(layers: Sequence[nn.Module]) -> nn.Module:
    """One layer that gives the outputs of several layers of one input, one after another.

    Plain layers give a plain one; packed and quantised layers one of their kind, without a second
    rounding.

    Args:
        layers: At least one; all of one kind, all with a bias or all without.

    Raises:
        ConfigError: The layers are of different kinds.
    """
    first, *others = layers
    biased = {layer.bias is not None for layer in layers}
    if len({type(layer) for layer in layers}) > 1 or len(biased) > 1:
        kinds = ", ".join(type(layer).__name__ for layer in layers)
        raise ConfigError(f"cannot join {kinds}", field="layers", hint="quantise all or none")
    if isinstance(first, Joinable):
        return first.joined(others)
    linears = [layer for layer in layers if isinstance(layer, nn.Linear)]
    weight_oi = torch.cat([layer.weight.detach() for layer in linears])
    biases = [layer.bias.detach() for layer in linears if layer.bias is not None]
    return _plain(weight_oi, torch.cat(biases) if biases else None)


def replace(network: nn.Module, name: str, layer: nn.Module) -> None:
    """Put a layer in the place that a dotted name leads to."""
    parent, _, child = name.rpartition(".")
    network.get_submodule(parent).register_module(child, layer)


def _plain(weight_oi: Tensor, bias_o: Tensor | None) -> nn.Linear:
    layer = nn.Linear(
        weight_oi.shape[1],
        weight_oi.shape[0],
        bias=bias_o is not None,
        device="meta",
    )
    layer.weight = nn.Parameter(weight_oi, requires_grad=False)
    if bias_o is not None:
        layer.bias = nn.Parameter(bias_o.detach(), requires_grad=False)
    return layer
