"""The safetensors container: headers and single tensors, read and written one at a time.

A file is eight bytes with the length of a JSON header, the header with dtype, shape and offsets of
every tensor, and the values. Reading a tensor at a time into its own memory keeps the peak at one
tensor, and reading the header ourselves lets every damage be named.

Source: huggingface/safetensors, format description.
"""

import json
import math
import mmap
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
}
"""Dtypes that weights may have in a file."""

_NAMES = {dtype: name for name, dtype in DTYPES.items()}
_LENGTH = struct.Struct("<Q")
_MAX_HEADER = 100 * 1024 * 1024
_METADATA = "__metadata__"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where a tensor stands.

    Args:
        file: The file.
        dtype: Name of its dtype in the file.
        shape: Its shape.
        start: Byte of the file at which its values begin.
        stop: Byte after its values.
    """

    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def read_header(path: Path, problems: list[str]) -> dict[str, Entry]:
    """Entries of all tensors of a file; those that it does not hold in full are left out.

    Args:
        path: A safetensors file.
        problems: Where damage is noted.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(_LENGTH.size)
        length = _LENGTH.unpack(prefix)[0] if len(prefix) == _LENGTH.size else size
        if length > min(_MAX_HEADER, size - _LENGTH.size):
            problems.append(f"{path}: truncated within the header, {size} bytes are left")
            return {}
        header_json = file.read(length)
    try:
        header = json.loads(header_json)
        offset = _LENGTH.size + length
        entries = {
            name: _entry(path, value, offset) for name, value in header.items() if name != _METADATA
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problems.append(f"{path}: no safetensors header: {error!r}")
        return {}
    expected = max((entry.stop for entry in entries.values()), default=offset)
    if size < expected:
        problems.append(f"{path}: truncated, {size} of {expected} bytes are left")
    elif size > expected:
        problems.append(f"{path}: {size - expected} bytes more than its header describes")
    return {name: entry for name, entry in entries.items() if entry.stop <= size}


def read_tensor(file: BinaryIO, entry: Entry) -> Tensor:
    """Values of an entry, on the CPU and in the dtype of the file.

    Args:
        file: The entry's file, opened without a buffer.
        entry: Must have one of :data:`DTYPES`.

    Raises:
        EOFError: The file ends within the values.
    """
    tensor = torch.empty(entry.shape, dtype=DTYPES[entry.dtype], device="cpu")
    target = tensor.reshape(-1).view(torch.uint8).numpy().data
    file.seek(entry.start)
    done = 0
    while done < len(target):
        # One call reads at most 2 GiB.
        count = file.readinto(target[done:])  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        done += count
    return tensor


class MappedFile:
    """A file whose tensors are read by the system when they are used, page by page.

    Args:
        path: A safetensors file; it must stay as it is while its tensors are in use.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            # Private pages: the file cannot be changed through a tensor.
            self._pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)

    def tensor(self, entry: Entry) -> Tensor:
        """Values of an entry, on the CPU and in the dtype of the file, without memory so far.

        Args:
            entry: Must have one of :data:`DTYPES`.
        """
        dtype, values = DTYPES[entry.dtype], math.prod(entry.shape)
        if not values:
            return torch.empty(entry.shape, dtype=dtype, device="cpu")
        flat = torch.frombuffer(self._pages, dtype=dtype, count=values, offset=entry.start)
        return flat.view(entry.shape)

    def forget(self, entry: Entry) -> None:
        """Give the memory of an entry's pages back until they are used again."""
        if hasattr(mmap, "MADV_DONTNEED"):
            start = -(-entry.start // mmap.PAGESIZE) * mmap.PAGESIZE
            length = entry.stop // mmap.PAGESIZE * mmap.PAGESIZE - start
            if length > 0:
                self._pages.madvise(mmap.MADV_DONTNEED, start, length)

    def forget_all(self) -> None:
        """Give the memory of all pages back until they are used again; nothing may be written."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED)


def write_file(path: Path, tensors: Mapping[str, Tensor], dtype: torch.dtype | None) -> None:
    """Write tensors, converted one at a time.

    Args:
        path: The new file.
        tensors: By name, on any device.
        dtype: Dtype in the file; None keeps that of each tensor.

    Raises:
        OSError: There is no room, or no right to write.
    """
    header: dict[str, object] = {_METADATA: {"format": "pt"}}
    offset = 0
    for name, tensor in tensors.items():
        stop = offset + stored_bytes(tensor, dtype)
        header[name] = {
            "dtype": _NAMES[dtype or tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, stop],
        }
        offset = stop
    header_json = json.dumps(header, separators=(",", ":")).encode()
    # Values begin at a multiple of eight bytes, so that other readers can map them.
    header_json += b" " * (-len(header_json) % 8)
    with path.open("xb") as file:
        file.write(_LENGTH.pack(len(header_json)) + header_json)
        for tensor in tensors.values():
            stored = tensor.detach().to(device="cpu", dtype=dtype or tensor.dtype).contiguous()
            file.write(stored.reshape(-1).view(torch.uint8).numpy().data)


def stored_bytes(tensor: Tensor, dtype: torch.dtype | None) -> int:
    """Bytes of a tensor in a file."""
    return tensor.numel() * (dtype or tensor.dtype).itemsize


def is_storable(tensors: Iterable[Tensor]) -> bool:
    """Whether all tensors have values and a dtype that a file may hold."""
    return all(tensor.dtype in _NAMES and not tensor.is_meta for tensor in tensors)


def _entry(path: Path, value: Mapping[str, object], offset: int) -> Entry:
    shape = value["shape"]
    offsets = value["data_offsets"]
    if not isinstance(shape, list) or not isinstance(offsets, list):
        raise TypeError("shape and data_offsets are lists")
    start, stop = (int(number) for number in offsets)
    dtype = str(value["dtype"])
    values = math.prod(int(number) for number in shape)
    if dtype in DTYPES and stop - start != values * DTYPES[dtype].itemsize:
        raise ValueError(f"{stop - start} bytes for {values} values of {dtype}")
    if start < 0 or stop < start:
        raise ValueError(f"offsets {start} to {stop}")
    return Entry(
        file=path, dtype=dtype, shape=tuple(shape), start=offset + start, stop=offset + stop
    )
