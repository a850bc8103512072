"""Records of tensors in shards: zip archives of safetensors, drawn ahead of a training.

A record is a dataclass, tuple or list of tensors, arrays, texts and numbers, nested as one likes.
Its tensors are one safetensors file, its form a JSON text in that file's header, so reading a
shard never runs code that came with it.
"""

import dataclasses
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from glm_image.errors import CheckpointError

_TREE = "tree"
_SUFFIX = ".safetensors"


def pack(record: object) -> bytes:
    """A record as the bytes of a safetensors file.

    Raises:
        TypeError: It holds something else than the module's first lines name.
    """
    tensors: dict[str, Tensor] = {}
    tree = _take_apart(record, tensors)
    # Every safetensors file holds at least one tensor.
    tensors[_TREE] = torch.frombuffer(bytearray(json.dumps(tree).encode()), dtype=torch.uint8)
    return save(tensors)


def unpack(data: bytes, records: Mapping[str, type]) -> Any:
    """The record that :func:`pack` wrote.

    Args:
        data: Bytes of a safetensors file.
        records: Dataclasses that may occur, by name.

    Raises:
        CheckpointError: The bytes are damaged, or hold another dataclass.
    """
    try:
        tensors = load(data)
        tree = json.loads(bytes(tensors.pop(_TREE).tolist()))
        return _put_together(tree, tensors, records)
    except (SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(
            "a record of a shard cannot be read",
            [str(error)],
            field="shards",
            hint="delete the folder of shards and draw them again",
        ) from error


def write(file: Path, records: Iterable[tuple[int, object]]) -> None:
    """Write numbered records as one shard, whole or not at all."""
    partial = file.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, record in records:
            archive.writestr(f"{number}{_SUFFIX}", pack(record))
    partial.replace(file)


def read(file: Path, number: int, records: Mapping[str, type]) -> Any:
    """One record of a shard.

    Raises:
        CheckpointError: The shard is damaged or does not hold the record.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            data = archive.read(f"{number}{_SUFFIX}")
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise CheckpointError(
            f"{file} does not hold record {number}",
            [str(error)],
            field="shards",
            hint="delete the file and draw it again",
        ) from error
    return unpack(data, records)


def _take_apart(value: object, tensors: dict[str, Tensor]) -> object:
    match value:
        case Tensor() | np.ndarray():
            name = str(len(tensors))
            array = isinstance(value, np.ndarray)
            tensor = torch.from_numpy(value) if isinstance(value, np.ndarray) else value
            # A file holds no views: two records may share what they show.
            tensors[name] = tensor.detach().clone(memory_format=torch.contiguous_format)
            return {"array" if array else "tensor": name}
        case tuple() | list():
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {kind: [_take_apart(item, tensors) for item in value]}
        case None | bool() | int() | float() | str():
            return {"value": value}
        case _ if dataclasses.is_dataclass(value):
            fields = {
                field.name: _take_apart(getattr(value, field.name), tensors)
                for field in dataclasses.fields(value)
            }
            return {"record": type(value).__name__, "fields": fields}
    raise TypeError(f"a record cannot hold {type(value).__name__}")


def _put_together(
    tree: Mapping[str, Any], tensors: Mapping[str, Tensor], records: Mapping[str, type]
) -> Any:
    def items(name: str) -> Iterator[Any]:
        return (_put_together(item, tensors, records) for item in tree[name])

    if "tensor" in tree:
        return tensors[tree["tensor"]]
    if "array" in tree:
        return tensors[tree["array"]].numpy()
    if "tuple" in tree:
        return tuple(items("tuple"))
    if "list" in tree:
        return list(items("list"))
    if "record" in tree:
        fields = {
            name: _put_together(item, tensors, records) for name, item in tree["fields"].items()
        }
        return records[tree["record"]](**fields)
    return tree["value"]
