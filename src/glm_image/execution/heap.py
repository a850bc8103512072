"""Memory that the C library keeps after it was freed.

While weights are rounded and joined, large intermediate tensors come and go between tensors that
stay. What is freed below something that stays is kept by the allocator for later, and what comes
later seldom fits: a network that is quantised on a CPU can end with half as much again as its
weights. The GNU library gives such gaps back when it is told to.

Source: GNU C library manual, Malloc Tunable Parameters; malloc_trim(3).
"""

import ctypes
import sys
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return freed memory to the system; nothing happens where the C library has no such call."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """The library's own function, or None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):
        return None
    found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    trim: Callable[[int], int] = found
    return trim
