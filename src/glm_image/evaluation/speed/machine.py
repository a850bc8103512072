"""What the machine can do at most, measured with the plainest work there is.

Legend: n rows, d width.
"""

import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from glm_image.device import Device
from glm_image.execution import linear

_SECONDS = 0.4
"""Time given to each kernel; the best of all its runs counts."""

_CPU_SIDE, _ACCELERATOR_SIDE = 1024, 8192
"""Side of the square matrices that are multiplied: large enough to fill the machine."""

_CPU_BYTES, _ACCELERATOR_BYTES = 2**28, 2**31
"""Size of the matrix that is read: larger than every cache."""

_CPU_NAMES = Path("/proc/cpuinfo")
_KIBIBYTE = 1024


@dataclass(frozen=True, kw_only=True)
class Ceilings:
    """The most that was seen of this machine.

    Args:
        flops: Floating-point operations per second of a product of two large matrices.
        bytes: Bytes per second read from memory.
    """

    flops: float
    bytes: float


def ceilings(device: Device) -> Ceilings:
    """Measure a device, in about a second.

    A product is tried with every library that execution plans choose from; reading is tried as a
    product with a vector and as a sum.
    """
    generator = torch.Generator().manual_seed(0)
    side = _ACCELERATOR_SIDE if device.is_accelerator else _CPU_SIDE
    # Never zeros: a product with them draws less power and runs faster.
    left = torch.randn(side, side, generator=generator).to(device.torch_device, device.dtype)
    right = torch.randn(side, side, generator=generator).to(left)
    multiply = _best(lambda: F.linear(left, right), device)
    if not device.is_accelerator and linear.is_available(device.dtype):
        packed = linear.PackedLinear(right, None)
        multiply = min(multiply, _best(lambda: packed(left), device))
    size = _ACCELERATOR_BYTES if device.is_accelerator else _CPU_BYTES
    copies = size // left.nbytes
    table = left.repeat(copies, 1)
    vector = right[0]
    read = min(
        _best(lambda: torch.mv(table, vector), device),
        _best(lambda: table.sum(), device),
    )
    return Ceilings(flops=2 * side**3 / multiply, bytes=table.nbytes / read)


def describe(device: Device) -> dict[str, object]:
    """Facts that a measured time belongs to."""
    return {
        "device": _cpu_name() if not device.is_accelerator else device.name,
        "dtype": str(device.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def peak_bytes(device: Device) -> int:
    """Most memory held so far: of tensors on the device, or of this process where it has none."""
    held = device.peak_memory()
    if held is not None:
        return held
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTE


def _best(job: Callable[[], object], device: Device) -> float:
    """Seconds of the fastest run after one that warms up."""
    job()
    device.synchronize()
    best = float("inf")
    end = time.perf_counter() + _SECONDS
    while best == float("inf") or time.perf_counter() < end:
        start = time.perf_counter()
        job()
        device.synchronize()
        best = min(best, time.perf_counter() - start)
    return best


def _cpu_name() -> str:
    """Name of the processor as the system reports it, or its kind where it does not."""
    if _CPU_NAMES.is_file():
        for line in _CPU_NAMES.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
