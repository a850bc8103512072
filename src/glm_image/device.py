"""The one file that names devices: CPU, CUDA, Ascend NPU and Apple MPS behind one record.

Everything else takes a :class:`Device` and stays the same on each of them.
"""

import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

from glm_image.config import nearest
from glm_image.errors import InputError

_NPU_PLUGIN = "torch_npu"


class DeviceKind(StrEnum):
    """The kinds of device that the package runs on, best first."""

    CUDA = "cuda"
    NPU = "npu"
    MPS = "mps"
    CPU = "cpu"


DTYPES: dict[str, torch.dtype] = {
    "float32": torch.float32,
    "fp32": torch.float32,
    "bfloat16": torch.bfloat16,
    "bf16": torch.bfloat16,
}
"""Spellings of the dtypes that every network runs in."""

_BF16_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "sve_bf16")
"""Names that torch has for what x86 and Arm servers can do."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Memory of a device in bytes."""

    free: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where networks run and in which dtype.

    Args:
        kind: Kind of device.
        torch_device: What tensors and modules are moved to.
        dtype: Dtype of the weights, fp32 or bf16.
    """

    kind: DeviceKind
    torch_device: torch.device
    dtype: torch.dtype

    @property
    def is_accelerator(self) -> bool:
        """Whether work is queued on a device with memory of its own."""
        return self.kind is not DeviceKind.CPU

    @property
    def supports_graphs(self) -> bool:
        """Whether the device replays recorded work."""
        return self.kind is DeviceKind.CUDA

    @property
    def name(self) -> str:
        """Name of the hardware as its driver reports it, or the kind where none is known."""
        if self.kind is DeviceKind.CUDA:
            return torch.cuda.get_device_name(self.torch_device)
        return str(self.torch_device)

    @property
    def multiplies_small_numbers(self) -> bool:
        """Whether torch has products of eight- and four-bit weights for this kind of device."""
        return self.kind in (DeviceKind.CUDA, DeviceKind.CPU)

    def synchronize(self) -> None:
        """Wait until all queued work is done, so that a clock tells the truth."""
        if self.is_accelerator:
            torch.accelerator.synchronize(self.torch_device)

    def memory(self) -> Memory | None:
        """Free and total memory; None where the device shares the machine's memory."""
        if self.kind in (DeviceKind.CPU, DeviceKind.MPS):
            return None
        free, total = torch.accelerator.get_memory_info(self.torch_device)
        return Memory(free=free, total=total)

    def peak_memory(self) -> int | None:
        """Most bytes held by tensors since the last reset; None where nobody counts."""
        if self.kind in (DeviceKind.CPU, DeviceKind.MPS):
            return None
        return torch.accelerator.max_memory_allocated(self.torch_device)

    def reset_peak_memory(self) -> None:
        """Start counting the peak anew."""
        if self.kind not in (DeviceKind.CPU, DeviceKind.MPS):
            torch.accelerator.reset_peak_memory_stats(self.torch_device)

    def empty_cache(self) -> None:
        """Give memory that no tensor uses back to the system."""
        if self.is_accelerator:
            torch.accelerator.empty_cache()


def resolve(device: str | None = None, dtype: str | torch.dtype | None = None) -> Device:
    """Find a device and the dtype to use on it.

    Args:
        device: ``"cuda"``, ``"cuda:1"``, ``"npu"``, ``"mps"`` or ``"cpu"``; ``"auto"`` and None
            take the best that is there.
        dtype: ``"bfloat16"`` or ``"float32"`` (also ``"bf16"``, ``"fp32"`` or the torch dtype);
            ``"auto"`` and None take bf16 on an accelerator and fp32 on the CPU.

    Raises:
        InputError: The device or the dtype is unknown, not there, or would give wrong pictures.
    """
    torch_device = _best() if device in (None, "auto") else _parse(str(device))
    kind = DeviceKind(torch_device.type)
    if dtype is None or dtype == "auto":
        default = torch.float32 if kind is DeviceKind.CPU else torch.bfloat16
        return Device(kind=kind, torch_device=torch_device, dtype=default)
    return Device(kind=kind, torch_device=torch_device, dtype=_parse_dtype(dtype))


def multiplies_bf16(device: torch.device) -> bool:
    """Whether products of bf16 numbers are no slower than those of fp32 ones.

    Accelerators have units for them. A CPU without instructions for them takes many times as long.
    """
    if DeviceKind(device.type) is not DeviceKind.CPU:
        return True
    has = torch.cpu.get_capabilities()
    return any(has.get(name, False) for name in _BF16_INSTRUCTIONS)


def available() -> tuple[DeviceKind, ...]:
    """The kinds of device that this machine can run on, best first."""
    return tuple(kind for kind in DeviceKind if _COUNT[kind]())


def _best() -> torch.device:
    kind = available()[0]
    return torch.device(kind.value) if kind is DeviceKind.CPU else torch.device(kind.value, 0)


def _parse(text: str) -> torch.device:
    name, _, index_text = text.partition(":")
    known = [kind.value for kind in DeviceKind]
    if name not in known:
        raise InputError(
            f"unknown device {text!r}", field="device", hint=nearest(name, ["auto", *known])
        )
    kind = DeviceKind(name)
    if index_text and not index_text.isdecimal():
        raise InputError(
            f"{text!r} has no device number", field="device", hint="write it like 'cuda:0'"
        )
    index = int(index_text or 0)
    count = _COUNT[kind]()
    if index >= count:
        there = ", ".join(available())
        raise InputError(
            f"{text!r} is not there, found {count} of this kind",
            field="device",
            hint=f"this machine has: {there}",
        )
    return torch.device(name) if kind is DeviceKind.CPU else torch.device(name, index)


def _parse_dtype(dtype: str | torch.dtype) -> torch.dtype:
    name = str(dtype).removeprefix("torch.")
    if name in ("float16", "fp16", "half"):
        raise InputError(
            "float16 is refused: the autoencoder overflows its range and pictures turn black",
            field="dtype",
            hint="use bfloat16, which costs the same memory, or float32",
        )
    if name not in DTYPES:
        raise InputError(f"unknown dtype {name!r}", field="dtype", hint=nearest(name, DTYPES))
    return DTYPES[name]


def _count_cuda() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _count_npu() -> int:
    """Number of Ascend devices; loading the plugin registers them with torch."""
    with contextlib.suppress(ImportError):
        plugin = importlib.import_module(_NPU_PLUGIN)
        return int(plugin.npu.device_count())
    return 0


def _count_mps() -> int:
    return int(torch.backends.mps.is_available())


_COUNT: dict[DeviceKind, Callable[[], int]] = {
    DeviceKind.CUDA: _count_cuda,
    DeviceKind.NPU: _count_npu,
    DeviceKind.MPS: _count_mps,
    DeviceKind.CPU: lambda: 1,
}
