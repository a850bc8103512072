"""Linear layers whose weights are held in eight or four bits (class C).

Every format has a kernel that works on the small weights directly. Where it does not fit the
number of rows or the device, the weight is brought back to the dtype of the input and multiplied
plainly: the same result up to rounding, and never more memory than one layer.

Legend: r rows, i inputs, o outputs, g groups.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import CheckpointError

GROUP = 128
"""Inputs that share a scale in four bits."""

_CHUNK = 1024
"""Outputs that are rounded at once, so that little is held in fp32."""

_INT8_MAX = 127.0
_FP8_MAX = 448.0
_TINY = 1e-12

_FEW_ROWS = 32
"""Rows up to which torch's kernel for eight-bit weights beats expanding them."""

_LEAST_ROWS = 32
"""Rows that integer products on accelerators need; fewer are filled up."""


class QuantizedLinear(nn.Module, ABC):
    """A linear layer with small weights that do not learn and are not saved.

    Args:
        outputs: Size of the last axis of results.
        bias_o: ``[out]``, or None; may be without memory until it is loaded.
    """

    def __init__(self, outputs: int, bias_o: nn.Parameter | None) -> None:
        super().__init__()
        self.out_features = outputs
        self.bias = bias_o

    @classmethod
    @abstractmethod
    def of(cls, weight_oi: Tensor, bias_o: nn.Parameter | None) -> "QuantizedLinear":
        """Round a weight ``[out, in]``."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., in]`` to ``[..., out]`` in the dtype of ``x``."""
        out_ro = self._multiply(x.reshape(-1, x.shape[-1])).to(x.dtype)
        if self.bias is not None:
            out_ro = out_ro + self.bias
        return out_ro.view(*x.shape[:-1], self.out_features)

    def joined(self, others: Sequence["QuantizedLinear"]) -> nn.Module:
        """One layer with the outputs of this one, then those of the others."""
        return SideBySide([self, *others])

    @abstractmethod
    def _multiply(self, x_ri: Tensor) -> Tensor:
        """Map ``[rows, in]`` to ``[rows, out]``, without the bias."""

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        raise CheckpointError(
            f"{prefix.rstrip('.')} has {type(self).__name__} weights, which are not saved",
            field="weights",
            hint="load the model with its stored weights to save it",
        )


class SideBySide(nn.Module):
    """Layers of one input whose outputs stand one after another."""

    def __init__(self, layers: Sequence[QuantizedLinear]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[..., in]`` to the outputs of all layers."""
        return torch.cat([layer(x) for layer in self.layers], dim=-1)


class _ScaledRows(QuantizedLinear):
    """One small number per weight and one scale per output."""

    values: Tensor
    scale_o: Tensor

    def __init__(self, values_oi: Tensor, scale_o: Tensor, bias_o: nn.Parameter | None) -> None:
        super().__init__(len(values_oi), bias_o)
        self.register_buffer("values", values_oi, persistent=False)
        self.register_buffer("scale_o", scale_o, persistent=False)

    def joined(self, others: Sequence[Any]) -> nn.Module:
        """One layer with the outputs of this one, then those of the others."""
        layers = [self, *others]
        biases = [layer.bias for layer in layers if layer.bias is not None]
        return type(self)(
            torch.cat([layer.values for layer in layers]),
            torch.cat([layer.scale_o for layer in layers]),
            nn.Parameter(torch.cat(biases), requires_grad=False) if biases else None,
        )

    def _expanded(self, dtype: torch.dtype) -> Tensor:
        """The weight ``[out, in]`` in a dtype that can be multiplied plainly."""
        return self.values.to(dtype) * self.scale_o[:, None].to(dtype)


class Int8Linear(_ScaledRows):
    """Eight-bit whole numbers; inputs keep their precision."""

    @classmethod
    def of(cls, weight_oi: Tensor, bias_o: nn.Parameter | None) -> "Int8Linear":
        """Round to the nearest of 255 evenly spaced values per output."""
        values_oi, scale_o = _round_rows(weight_oi, torch.int8, _INT8_MAX)
        return cls(values_oi, scale_o, bias_o)

    def _multiply(self, x_ri: Tensor) -> Tensor:
        if x_ri.device.type == "cpu" and 0 < len(x_ri) <= _FEW_ROWS:
            scale_o = self.scale_o.bfloat16()
            return torch._weight_int8pack_mm(x_ri.bfloat16(), self.values, scale_o)
        return F.linear(x_ri, self._expanded(x_ri.dtype))


class DynamicInt8Linear(_ScaledRows):
    """Eight-bit whole numbers for weights, and for inputs with one scale per row.

    Source: Dettmers et al. 2022, section 2.1 (vector-wise quantisation).
    """

    @classmethod
    def of(cls, weight_oi: Tensor, bias_o: nn.Parameter | None) -> "DynamicInt8Linear":
        """Round to the nearest of 255 evenly spaced values per output."""
        values_oi, scale_o = _round_rows(weight_oi, torch.int8, _INT8_MAX)
        return cls(values_oi, scale_o, bias_o)

    def _multiply(self, x_ri: Tensor) -> Tensor:
        values_ri, scale_r = _round_rows(x_ri, torch.int8, _INT8_MAX)
        rows = len(values_ri)
        if x_ri.device.type != "cpu" and rows < _LEAST_ROWS:
            values_ri = F.pad(values_ri, (0, 0, 0, _LEAST_ROWS - rows))
        product_ro = torch._int_mm(values_ri, self.values.t())[:rows]
        return product_ro.float().mul_(scale_r[:, None]).mul_(self.scale_o)


class Fp8Linear(_ScaledRows):
    """Eight-bit floating numbers (e4m3); so are the inputs where the device multiplies them.

    Source: Micikevicius et al. 2022, section 3.
    """

    @classmethod
    def of(cls, weight_oi: Tensor, bias_o: nn.Parameter | None) -> "Fp8Linear":
        """Round to the nearest value after scaling each output to the range."""
        values_oi, scale_o = _round_rows(weight_oi, torch.float8_e4m3fn, _FP8_MAX)
        return cls(values_oi, scale_o, bias_o)

    def _multiply(self, x_ri: Tensor) -> Tensor:
        if x_ri.device.type == "cpu":
            return F.linear(x_ri, self._expanded(x_ri.dtype))
        values_ri, scale_r = _round_rows(x_ri, torch.float8_e4m3fn, _FP8_MAX)
        return torch._scaled_mm(
            values_ri,
            self.values.t(),
            scale_a=scale_r[:, None],
            scale_b=self.scale_o[None],
            out_dtype=torch.bfloat16,
        )


class Int4Linear(QuantizedLinear):
    """Four-bit whole numbers with a scale and an offset for every 128 inputs of an output.

    Source: Frantar et al. 2023, section 4 (grouping); rounding is to the nearest value.
    """

    packed: Tensor
    scale_gop: Tensor

    def __init__(self, packed: Tensor, scale_gop: Tensor, bias_o: nn.Parameter | None) -> None:
        super().__init__(scale_gop.shape[1], bias_o)
        self.register_buffer("packed", packed, persistent=False)
        self.register_buffer("scale_gop", scale_gop, persistent=False)

    @classmethod
    def of(cls, weight_oi: Tensor, bias_o: nn.Parameter | None) -> "Int4Linear":
        """Round to the nearest of 16 evenly spaced values between the extremes of each group."""
        parts = [_round_groups(chunk) for chunk in torch.split(weight_oi, _CHUNK)]
        values_oi = torch.cat([values for values, _ in parts])
        scale_gop = torch.cat([scale for _, scale in parts], dim=1).contiguous()
        if weight_oi.device.type == "cpu":
            packed = torch._convert_weight_to_int4pack_for_cpu(values_oi.int(), 1)
        else:
            pairs = (values_oi[:, ::2] << 4 | values_oi[:, 1::2]).to(torch.uint8)
            packed = torch._convert_weight_to_int4pack(pairs, _INNER_TILES)
        return cls(packed, scale_gop, bias_o)

    @staticmethod
    def fits(shape: torch.Size) -> bool:
        """Whether a weight of this shape can be packed."""
        outputs, inputs = shape
        return inputs % GROUP == 0 and outputs % _OUTPUTS == 0

    def _multiply(self, x_ri: Tensor) -> Tensor:
        x_ri = x_ri.bfloat16()
        if x_ri.device.type == "cpu":
            return torch._weight_int4pack_mm_for_cpu(x_ri, self.packed, GROUP, self.scale_gop)
        return torch._weight_int4pack_mm(x_ri, self.packed, GROUP, self.scale_gop)


_INNER_TILES = 8
_OUTPUTS = 16
"""Tiles and multiples that torch's packing of four bits asks for."""


def _round_rows(x_ri: Tensor, dtype: torch.dtype, largest: float) -> tuple[Tensor, Tensor]:
    """Values of a small dtype and one fp32 scale per row, so that the extremes fit exactly."""
    values = torch.empty_like(x_ri, dtype=dtype, memory_format=torch.contiguous_format)
    scale_r = torch.empty(len(x_ri), dtype=torch.float32, device=x_ri.device)
    for start in range(0, len(x_ri), _CHUNK):
        part = slice(start, start + _CHUNK)
        chunk = x_ri[part].float()
        scale_r[part] = chunk.abs().amax(dim=1).clamp_(min=_TINY) / largest
        chunk = chunk / scale_r[part, None]
        values[part] = chunk if dtype.is_floating_point else chunk.round_()
    return values, scale_r


def _round_groups(weight_oi: Tensor) -> tuple[Tensor, Tensor]:
    """Values 0 to 15 ``[out, in]`` uint8, and bf16 scale and offset ``[groups, out, 2]``."""
    grouped = weight_oi.float().view(len(weight_oi), -1, GROUP)
    low, high = grouped.aminmax(dim=2)
    # The kernel counts from the middle value and reads bf16, so rounding starts from those.
    scale_og = ((high - low) / 15).clamp_(min=_TINY).bfloat16().float()
    middle_og = (low + 8 * scale_og).bfloat16().float()
    values = ((grouped - middle_og[..., None]) / scale_og[..., None]).round_().add_(8).clamp_(0, 15)
    pair = torch.stack((scale_og.t(), middle_og.t()), dim=-1).bfloat16()
    return values.flatten(1).to(torch.uint8), pair
