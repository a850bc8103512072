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
            return "this build of torch has no packed weights"
        return f"oneDNN takes {self.ratio:.1f} times as little time as torch's own product"


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
    return _try(outputs, inputs, rows, dtype, torch.get_num_threads())


@cache
def _try(outputs: int, inputs: int, rows: int, dtype: torch.dtype, threads: int) -> Verdict:
    if not linear.is_available(dtype):
        return Verdict(backend=LinearBackend.TORCH, ratio=0.0)
    generator = torch.Generator().manual_seed(threads)
    weight_oi = torch.randn(outputs, inputs, generator=generator).to(dtype)
    x_ri = torch.randn(rows, inputs, generator=generator).to(dtype)
    packed = linear.PackedLinear(weight_oi, None)
    with torch.inference_mode():
        plain_time, packed_time = _times(
            [lambda: F.linear(x_ri, weight_oi), lambda: packed(x_ri)],
        )
    ratio = plain_time / packed_time
    backend = LinearBackend.ONEDNN if ratio >= _CLEARLY else LinearBackend.TORCH
    return Verdict(backend=backend, ratio=ratio)


def _times(calls: Sequence[Callable[[], Tensor]]) -> list[float]:
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
