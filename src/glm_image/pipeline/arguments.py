"""Arguments that all pipelines have, and the loop over batches."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from glm_image.device import Device, resolve
from glm_image.errors import GlmImageError, InputError
from glm_image.execution.lora import Loras
from glm_image.execution.plan import Offload
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import is_whole
from glm_image.pipeline.picture import Picture, batches
from glm_image.pipeline.progress import Watch

MadeT = TypeVar("MadeT")


def device_of(
    device: str | torch.device | None,
    dtype: str | torch.dtype | None,
    device_map: str | torch.device | None,
    torch_dtype: str | torch.dtype | None,
) -> Device:
    """Where a model is to run, in either spelling.

    Raises:
        InputError: Device or dtype is not there, or two spellings disagree.
    """
    refuse_both("device", device, "device_map", device_map)
    refuse_both("dtype", dtype, "torch_dtype", torch_dtype)
    where = device if device_map is None else device_map
    return resolve(
        None if where is None else str(where), dtype if torch_dtype is None else torch_dtype
    )


def loras_of(system: Loaded) -> Loras:
    """The low-rank changes of a loaded model, none so far."""
    return Loras(dit=system.dit, offloaded=system.plan.offload is not Offload.NONE)


def make(
    pictures: Sequence[Picture],
    max_batch: int | None,
    watch: Watch,
    generate: Callable[[Sequence[Picture]], list[MadeT]],
) -> list[MadeT]:
    """Make all pictures, batch after batch, in the order in which they were asked for.

    Args:
        pictures: What is asked for.
        max_batch: Most pictures at once; None sets no limit.
        watch: Is told which batch is made.
        generate: Makes pictures of one size together.

    Raises:
        InputError: The limit is no number.
        GlmImageError: The device has too little memory.
    """
    if max_batch is not None and (not is_whole(max_batch) or max_batch < 1):
        raise InputError(f"got {max_batch!r}", field="max_batch", hint="a whole number from 1")
    groups = batches(pictures, max_batch)
    made: dict[int, MadeT] = {}
    try:
        for number, group in enumerate(groups, start=1):
            watch.enter_batch(number, len(groups))
            made |= zip(group, generate([pictures[index] for index in group]), strict=True)
    except torch.OutOfMemoryError as error:
        raise GlmImageError(
            "the device has too little memory",
            field="device",
            hint="ask for smaller pictures, fewer at once with max_batch=1, or dtype bfloat16",
        ) from error
    return [made[index] for index in range(len(pictures))]


def refuse_both(name: str, value: object, other: str, alias: object) -> None:
    """Refuse an argument that is given in two spellings."""
    if value is not None and alias is not None:
        raise InputError(
            f"{other} says the same", field=name, hint=f"give {name} or {other}, not both"
        )


def initial_seeds(
    generator: torch.Generator | Sequence[torch.Generator],
) -> int | Sequence[int]:
    """Seeds of generators, which are not drawn from.

    Raises:
        InputError: They are no generators.
    """
    if isinstance(generator, torch.Generator):
        return generator.initial_seed()
    if not isinstance(generator, list | tuple) or not all(
        isinstance(one, torch.Generator) for one in generator
    ):
        raise InputError(
            f"got {type(generator).__name__}",
            field="generator",
            hint="give a torch.Generator or a list of them",
        )
    return [one.initial_seed() for one in generator]
