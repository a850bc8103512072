"""A command that torchrun started several times at once."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from glm_image.execution.ranks import Ranks

RanksT = TypeVar("RanksT", bound="Ranks")


@contextmanager
def leaving(ranks: RanksT) -> Iterator[RanksT]:
    """Go through a block together with other processes. Where there are any, this one ends with it.

    An interpreter that shuts down while threads of the collective library are alive can abort
    after all work is done, so those processes leave without shutting it down.

    Args:
        ranks: This process among all of them.
    """
    yield ranks
    if ranks.world > 1:
        ranks.leave()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
