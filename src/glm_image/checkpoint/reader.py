"""Weights into networks that were built without memory, one tensor at a time.

Everything that is wrong with the files of all networks is found before anything is raised, so
that one message is enough to mend a checkpoint. The peak of memory is the networks themselves plus
one tensor.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from glm_image.checkpoint.keymap import KeyTable
from glm_image.checkpoint.parts import left_out
from glm_image.checkpoint.safetensors_file import (
    DTYPES,
    Entry,
    MappedFile,
    read_header,
    read_tensor,
)
from glm_image.errors import CheckpointError

Adopt = Callable[[str, Tensor], Tensor | None]
"""Gets a weight with its name in the network, and says what is to be put into its place."""

INDEX_SUFFIX = ".safetensors.index.json"
WEIGHTS_SUFFIX = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class WeightJob:
    """One network to be filled.

    Args:
        folder: Folder with its weights, in one file or in several with an index.
        stem: Name of the files up to the suffix.
        module: The network; its parameters have no memory yet.
        table: Names of its weights.
        adopt: Gets each weight as it is read, and gives what is put in its place, of the shape
            that the network has then; or nothing if it put it there itself, in a form of its own.
            None leaves all as they are.
    """

    folder: Path
    stem: str
    module: nn.Module
    table: KeyTable
    adopt: Adopt | None = None


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """A tensor to be read: its published name, its place, and what it is for."""

    name: str
    entry: Entry
    ours: str


@dataclass(frozen=True, kw_only=True)
class Target:
    """What weights become.

    Args:
        dtype: Dtype of the parameters.
        device: Device of the parameters.
        mapped: Whether they stay in their files and in the files' dtype, on the CPU, and are read
            when they are used.
    """

    dtype: torch.dtype
    device: torch.device
    mapped: bool = False


def load_weights(jobs: Sequence[WeightJob], target: Target) -> list[MappedFile]:
    """Fill networks with their weights.

    Args:
        jobs: The networks, built on the ``meta`` device.
        target: What the weights become.

    Returns:
        The files in which weights stay.

    Raises:
        CheckpointError: Weights are missing, unexpected, of the wrong shape or dtype, not finite,
            or files are missing or truncated. All problems of all networks are listed.
    """
    problems: list[str] = []
    mapped: list[MappedFile] = []
    plans = [_plan(job, problems) for job in jobs]
    for job, plan in zip(jobs, plans, strict=True):
        state: dict[str, Tensor] = {}
        for name, tensor in _read(plan, target, mapped, problems):
            kept = tensor if job.adopt is None else job.adopt(name, tensor)
            if kept is not None:
                state[name] = kept
        if not problems:
            job.module.load_state_dict(state, strict=True, assign=True)
    if problems:
        raise CheckpointError(
            f"{len(problems)} problems with the weights",
            problems,
            hint="fetch the damaged files again, or check that the configs belong to the weights",
        )
    return mapped


def find_entries(folder: Path, stem: str, problems: list[str]) -> dict[str, Entry]:
    """Entries of all tensors of a network by published name.

    Args:
        folder: Folder with the weights.
        stem: Name of the files up to the suffix.
        problems: Where missing and damaged files are noted.
    """
    index = folder / f"{stem}{INDEX_SUFFIX}"
    if index.is_file():
        return _read_index(index, problems)
    single = folder / f"{stem}{WEIGHTS_SUFFIX}"
    if single.is_file():
        return read_header(single, problems)
    problems.append(f"{folder}: neither {single.name} nor {index.name} exists")
    return {}


def _read_index(index: Path, problems: list[str]) -> dict[str, Entry]:
    try:
        weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        places = {str(name): str(file) for name, file in weight_map.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problems.append(f"{index}: no index of weights: {error!r}")
        return {}
    entries: dict[str, Entry] = {}
    for file in sorted(set(places.values())):
        path = index.parent / Path(file).name
        if not path.is_file():
            problems.append(f"{path}: does not exist, but {index.name} names it")
            continue
        found = read_header(path, problems)
        strangers = [name for name in found if places.get(name) != file]
        problems += [f"{path}: {name} is not there by {index.name}" for name in strangers]
        entries |= found
    return entries


def _plan(job: WeightJob, problems: list[str]) -> list[_Planned]:
    """Compare a network's parameters with what the files hold."""
    if not job.module.state_dict():
        # All of it was left out, and its files need not be there.
        return []
    found = len(problems)
    entries = find_entries(job.folder, job.stem, problems)
    entries = _without_copies(entries, job.table, problems)
    entries = {name: entry for name, entry in entries.items() if not job.table.is_unused(name)}
    wanted = job.module.state_dict()
    needless = tuple(left_out(job.module))
    planned: list[_Planned] = []
    for name, entry in entries.items():
        ours = job.table.to_ours(name)
        if ours is not None and ours.startswith(needless):
            continue
        if ours is None or ours not in wanted:
            problems.append(f"{job.folder.name}: unexpected {name} {list(entry.shape)}")
        elif _fits(job.folder.name, name, entry, wanted[ours], problems):
            planned.append(_Planned(name=name, entry=entry, ours=ours))
    here = {job.table.to_ours(name) for name in entries}
    for ours in wanted.keys() - here:
        published = job.table.to_published(ours)
        problems.append(f"{job.folder.name}: missing {published} {list(wanted[ours].shape)}")
    problems[found:] = sorted(problems[found:])
    return planned


def _fits(network: str, name: str, entry: Entry, parameter: Tensor, problems: list[str]) -> bool:
    if entry.shape != tuple(parameter.shape):
        problems.append(
            f"{network}: {name} has shape {list(entry.shape)}, expected {list(parameter.shape)}"
        )
    if entry.dtype not in DTYPES:
        problems.append(f"{network}: {name} has dtype {entry.dtype}, expected {', '.join(DTYPES)}")
    return entry.dtype in DTYPES


def _without_copies(
    entries: Mapping[str, Entry], table: KeyTable, problems: list[str]
) -> dict[str, Entry]:
    """Entries with every weight once, under its first name."""
    unique = dict(entries)
    for copy, first in table.copies.items():
        if copy not in unique:
            continue
        entry = unique.pop(copy)
        original = unique.setdefault(first, entry)
        if _values(original) != _values(entry):
            problems.append(f"{entry.file}: {copy} differs from {first}")
    return unique


def _values(entry: Entry) -> bytes:
    with entry.file.open("rb") as file:
        file.seek(entry.start)
        return file.read(entry.stop - entry.start)


def _read(
    plan: Sequence[_Planned], target: Target, kept: list[MappedFile], problems: list[str]
) -> Iterator[tuple[str, Tensor]]:
    """Read tensors in the order of the files; once there is a problem they are only checked."""
    by_file: dict[Path, list[_Planned]] = {}
    for planned in sorted(plan, key=lambda planned: planned.entry.start):
        by_file.setdefault(planned.entry.file, []).append(planned)
    for path, tensors in by_file.items():
        mapped = MappedFile(path) if target.mapped else None
        if mapped is not None:
            kept.append(mapped)
        with path.open("rb", buffering=0) as file:
            for planned in tensors:
                try:
                    # Not held under a second name, so that at most one tensor is held twice.
                    tensor = (
                        read_tensor(file, planned.entry).to(target.device, target.dtype)
                        if mapped is None
                        else mapped.tensor(planned.entry)
                    )
                except (OSError, EOFError) as error:
                    problems.append(f"{path}: {planned.name} cannot be read: {error!r}")
                    continue
                if not _is_finite(tensor):
                    problems.append(f"{path.parent.name}: {planned.name} has values not finite")
                if not problems:
                    yield planned.ours, tensor
                if mapped is not None:
                    mapped.forget(planned.entry)


def _is_finite(tensor: Tensor) -> bool:
    """Whether all values are finite; the extremes tell, without memory for a mask."""
    if not tensor.numel():
        return True
    low, high = tensor.aminmax()
    return bool(low.isfinite() and high.isfinite())
