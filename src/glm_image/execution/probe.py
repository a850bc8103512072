"""Which library multiplies matrices faster on this CPU, found out by trying for a moment.

The answer differs by maker of the CPU and not by load, so it is taken from the time that the
processor spent, and oneDNN has to win clearly. It is asked once per process and kind of work.

Legend: r rows, i inputs.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.execution import linear
from glm_image.execution.plan import LinearBackend

_BUDGET = 0.025
"""Seconds of processor time per question; there are two."""

_LARGEST = 1024
"""Most rows and columns of a matrix that is tried: larger ones behave alike and take longer."""

_SPAN = 2**25
"""Bytes of weights that are read in turn: a network's weights are never all in a near cache."""

_CLEARLY = 1.15
"""How many times faster the other library must be to be taken."""

_LEAST_ROUNDS = 3


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found.

    Args:
        backend: The library to use.
        ratio: How many times faster oneDNN is than torch's own product; 0 if it is not there.
    """

    backend: LinearBackend
    ratio: float

    @property
    def reason(self) -> str:
        """Why, in words."""
        if not self.ratio:
            return "torch packs no weights of this dtype on this CPU"
        return f"oneDNN is {self.ratio:.1f} times as fast as torch's own product here"


def fastest(network: nn.Module, rows: int, dtype: torch.dtype) -> Verdict:
    """Try the commonest shape of a network's linear layers on the CPU.

    Args:
        network: May be without memory; only shapes are read.
        rows: Rows that a product typically has.
        dtype: Of weights and rows.
    """
    shapes: dict[tuple[int, int], int] = {}
    for module in network.modules():
        if isinstance(module, nn.Linear):
            shape = (min(module.out_features, _LARGEST), min(module.in_features, _LARGEST))
            shapes[shape] = shapes.get(shape, 0) + shape[0] * shape[1]
    if not shapes:
        return Verdict(backend=LinearBackend.TORCH, ratio=0.0)
    outputs, inputs = max(shapes, key=lambda shape: shapes[shape])
    # Few rows wait for weights, many for arithmetic, which one matrix shows.
    span = min(_SPAN, sum(shapes.values()) * dtype.itemsize) if rows < inputs // 4 else 1
    count = max(1, span // (outputs * inputs * dtype.itemsize))
    return _try((count, outputs, inputs), rows, dtype, torch.get_num_threads())


@cache
def _try(shape: tuple[int, int, int], rows: int, dtype: torch.dtype, threads: int) -> Verdict:
    """Compare on matrices ``[count, out, in]``, one product with each in turn."""
    if not linear.is_available(dtype):
        return Verdict(backend=LinearBackend.TORCH, ratio=0.0)
    generator = torch.Generator().manual_seed(threads)
    weight_oi = torch.randn(shape[1:], generator=generator).to(dtype)
    x_ri = torch.randn(rows, shape[2], generator=generator).to(dtype)
    plain = [weight_oi.clone() for _ in range(shape[0])]
    packed = [linear.PackedLinear(weight_oi, None) for _ in plain]
    with torch.inference_mode():
        plain_time, packed_time = _times(
            [
                lambda: [F.linear(x_ri, weight) for weight in plain],
                lambda: [layer(x_ri) for layer in packed],
            ]
        )
    ratio = plain_time / packed_time
    backend = LinearBackend.ONEDNN if ratio >= _CLEARLY else LinearBackend.TORCH
    return Verdict(backend=backend, ratio=ratio)


def _times(calls: Sequence[Callable[[], list[Tensor]]]) -> list[float]:
    """Least processor seconds of each call, taken in turns until the budget is spent."""
    for call in calls:
        call()
    start = time.process_time()
    times: list[list[float]] = [[] for _ in calls]
    while len(times[0]) < _LEAST_ROUNDS or time.process_time() - start < _BUDGET:
        for call, taken in zip(calls, times, strict=True):
            before = time.process_time()
            call()
            taken.append(time.process_time() - before)
    return [max(min(taken), 1e-9) for taken in times]
