"""Functions of C libraries that are part of this process, where torch offers none of its own."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def find(name: str, argument: type[Any]) -> Callable[[int], int] | None:
    """A function of one number that returns a number, looked up once.

    Args:
        name: As the library exports it.
        argument: Type of the number, of :mod:`ctypes`.

    Returns:
        None outside of Linux, and where no library has it.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return None
    found.argtypes, found.restype = [argument], ctypes.c_int
    function: Callable[[int], int] = found
    return function
