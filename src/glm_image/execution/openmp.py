"""Helpers that OpenMP keeps for every thread that has once multiplied matrices.

Each thread that runs a parallel loop gets helpers of its own, and they stay until it ends. As soon
as all helpers together are more than the processors, GNU's OpenMP lets none of them wait awake for
the next loop, and each loop must first wake them. So a model that was loaded in one thread and
draws in another would leave processors idle.

Source: libgomp, ``gomp_throttled_spin_count``; OpenMP 5.0, section 3.2.43, omp_pause_resource_all.
"""

import ctypes

from glm_image.execution import library_calls

_SOFT = 1
"""``omp_pause_soft``: what threads have of their own stays. GNU's ends helpers all the same."""


def let_helpers_go() -> None:
    """End the helpers of the calling thread; it gets new ones when it needs them.

    Nothing happens within a parallel loop, or where OpenMP is older than 5.0.
    """
    pause = library_calls.find("omp_pause_resource_all", ctypes.c_int)
    if pause is not None:
        pause(_SOFT)
