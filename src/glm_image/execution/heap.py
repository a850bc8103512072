"""Memory that the C library keeps after it was freed.

While weights are rounded and joined, large intermediate tensors come and go between tensors that
stay. What is freed below something that stays is kept by the allocator for later, and what comes
later seldom fits: a network that is quantised on a CPU can end with half as much again as its
weights. The GNU library gives such gaps back when it is told to.

Source: GNU C library manual, Malloc Tunable Parameters; malloc_trim(3).
"""

import ctypes

from glm_image.execution import library_calls


def give_back() -> None:
    """Return freed memory to the system; nothing happens where the C library has no such call."""
    trim = library_calls.find("malloc_trim", ctypes.c_size_t)
    if trim is not None:
        trim(0)
