"""Rasters of codes as bytes, so that they outlive the process that wrote them."""

import struct

import numpy as np
import torch
from torch import Tensor

from glm_image.errors import InputError
from glm_image.types import Grid, PriorTokens

_GRID = struct.Struct("<HH")
_CODE = np.dtype("<i4")


def pack(codes: PriorTokens) -> bytes:
    """Rows and columns as two bytes each, then four bytes per code, all little-endian."""
    return _GRID.pack(*codes.grid) + codes.ids_n.numpy().astype(_CODE).tobytes()


def unpack(data: bytes, grid: Grid, count: int) -> Tensor:
    """``[th*tw]`` int64 codes.

    Args:
        data: As :func:`pack` gives it.
        grid: Rows and columns that the picture has.
        count: Number of codes of the model.

    Raises:
        InputError: They belong to another picture or another model, or are damaged.
    """
    cells = grid[0] * grid[1]
    if len(data) != _GRID.size + cells * _CODE.itemsize or _GRID.unpack_from(data) != grid:
        raise InputError(
            f"{len(data)} bytes are no raster of {grid[0]}x{grid[1]} codes",
            field="codes",
            hint="leave them out, so that they are written anew",
        )
    ids_n = np.frombuffer(data, _CODE, offset=_GRID.size).astype(np.int64)
    if ids_n.min() < 0 or ids_n.max() >= count:
        raise InputError(
            f"codes from {ids_n.min()} to {ids_n.max()}", field="codes", hint=f"0 to {count - 1}"
        )
    return torch.from_numpy(ids_n)
