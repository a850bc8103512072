"""Networks as outlines: shapes, names and dtypes, without memory and without first values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_FILLS = (nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_)
"""What the layers of this package are filled by when they are made."""


@contextmanager
def without_memory() -> Iterator[None]:
    """Build networks inside this block as outlines."""
    with torch.device("meta"), _Unfilled():
        yield


class _Unfilled(TorchFunctionMode):
    """Leaves out what draws first values.

    There is nothing to draw without memory, but torch would load its compiler to find out, which
    takes longer than to import torch.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        return given["tensor"] if func in _FILLS else func(*args, **given)
