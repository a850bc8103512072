"""Which kernel attends on which device."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from glm_image.device import DeviceKind
from glm_image.errors import PlanError
from glm_image.execution.plan import Attention

# Fastest first on the accelerators measured by Shah et al. 2024 (FlashAttention-3), figure 5.
_BEST = (
    SDPBackend.CUDNN_ATTENTION,
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.MATH,
)
_NAMED = dict(zip((Attention.CUDNN, Attention.FLASH, Attention.EFFICIENT), _BEST[:3], strict=True))
_ON_CPU = (Attention.AUTO, Attention.FLASH, Attention.MATH)


def kernels(attention: Attention, device: torch.device) -> AbstractContextManager[None]:
    """A context in which attention uses a kernel.

    A named kernel that cannot do what is asked of it gives way to plain matrix products.

    Args:
        attention: The kernel; ``auto`` leaves the choice to torch on a CPU, and elsewhere takes
            the first that can do it of cuDNN, flash, memory-efficient and matrix products.
        device: Where attention runs.

    Raises:
        PlanError: The device has no such kernel.
    """
    on_cpu = device.type == DeviceKind.CPU
    if on_cpu and attention not in _ON_CPU:
        raise PlanError(
            f"{device} has no kernel {attention!r}",
            field="decoder.attention",
            hint=f"choose one of {', '.join(_ON_CPU)}",
        )
    if attention is Attention.AUTO:
        return nullcontext() if on_cpu else sdpa_kernel(list(_BEST), set_priority=True)
    named = [_NAMED[attention]] if attention in _NAMED else []
    return sdpa_kernel([*named, SDPBackend.MATH], set_priority=True)
