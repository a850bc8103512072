"""Weights and folders onto disk: in shards, and whole or not at all."""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from glm_image.checkpoint.keymap import KeyTable
from glm_image.checkpoint.reader import INDEX_SUFFIX, WEIGHTS_SUFFIX
from glm_image.checkpoint.safetensors_file import is_storable, stored_bytes, write_file
from glm_image.errors import CheckpointError

MARKER_FILE = "model_index.json"
"""A folder with this file is a checkpoint and may be replaced by a newer one."""


_NOTHING: Mapping[str, Tensor] = MappingProxyType({})


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Write into a temporary neighbour of ``target`` that takes its place on success.

    On any failure the neighbour is removed and ``target`` is what it was before.

    Raises:
        CheckpointError: ``target`` holds something that is no checkpoint, or the disk is full or
            not writable.
    """
    if target.exists() and not _is_replaceable(target):
        raise CheckpointError(
            f"{target} exists and is no checkpoint",
            field="folder",
            hint="choose a new or an empty folder",
        )
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _synchronise(temporary)
        _take_place(temporary, target)
    except OSError as error:
        raise CheckpointError(
            f"{target} cannot be written: {error.strerror}",
            field="folder",
            hint="nothing was changed; make room or choose another place",
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_weights(
    folder: Path,
    stem: str,
    module: nn.Module,
    table: KeyTable,
    *,
    dtype: torch.dtype | None,
    shard_size: int,
    unread: Mapping[str, Tensor] = _NOTHING,
) -> None:
    """Write a network's weights under their published names.

    Args:
        folder: An existing folder.
        stem: Name of the files up to the suffix.
        module: The network.
        table: Names of its weights.
        dtype: Dtype in the files; None keeps that of each weight.
        shard_size: Most bytes per file; a larger weight gets a file of its own. Weights that fit
            one file are written without an index.
        unread: Further weights that the network does not hold, by published name.

    Raises:
        CheckpointError: A weight has no values, a dtype that files do not hold or no published
            name.
        OSError: There is no room, or no right to write.
    """
    tensors = {**_published(module, table, stem), **unread}
    shards = _shards(tensors, dtype, shard_size)
    if len(shards) == 1:
        write_file(folder / f"{stem}{WEIGHTS_SUFFIX}", shards[0], dtype)
        return
    weight_map: dict[str, str] = {}
    for number, shard in enumerate(shards, start=1):
        name = f"{stem}-{number:05d}-of-{len(shards):05d}{WEIGHTS_SUFFIX}"
        write_file(folder / name, shard, dtype)
        weight_map |= dict.fromkeys(shard, name)
    total = sum(stored_bytes(tensor, dtype) for tensor in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    write_json(folder / f"{stem}{INDEX_SUFFIX}", index)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a mapping as indented JSON with a final line break."""
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def _published(module: nn.Module, table: KeyTable, stem: str) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for name, tensor in module.state_dict().items():
        published = table.to_published(name)
        if published is None or published in tensors or not is_storable([tensor]):
            raise CheckpointError(
                f"{name} cannot be stored: {tensor.dtype} on {tensor.device}, as {published}",
                field=stem,
                hint="weights need values, a floating dtype and a row in the key table",
            )
        tensors[published] = tensor
    return tensors


def _shards(
    tensors: Mapping[str, Tensor], dtype: torch.dtype | None, shard_size: int
) -> list[dict[str, Tensor]]:
    """Fill files one after the other, in the order of the network."""
    shards: list[dict[str, Tensor]] = [{}]
    used = 0
    for name, tensor in tensors.items():
        size = stored_bytes(tensor, dtype)
        if shards[-1] and used + size > shard_size:
            shards.append({})
            used = 0
        shards[-1][name] = tensor
        used += size
    return shards


def _is_replaceable(target: Path) -> bool:
    return target.is_dir() and ((target / MARKER_FILE).is_file() or not any(target.iterdir()))


def _synchronise(folder: Path) -> None:
    """Have the system bring all files to the disk; what does not fit fails here."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _take_place(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    former = target.with_name(f".{target.name}.{secrets.token_hex(4)}.former")
    target.rename(former)
    try:
        temporary.rename(target)
    except OSError:
        former.rename(target)
        raise
    shutil.rmtree(former)
