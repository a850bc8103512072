"""Networks of a checkpoint onto disk, whichever pipeline it is for."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor

from glm_image.checkpoint.holdings import Stored
from glm_image.checkpoint.outline import without_memory
from glm_image.checkpoint.writer import write_json, write_weights
from glm_image.errors import CheckpointError

DEFAULT_SHARD_SIZE = 5 * 10**9
"""Most bytes per file of weights, the size that hubs and network drives handle well."""

CONFIG_FILE = "config.json"

_NOTHING: Mapping[str, Tensor] = MappingProxyType({})


def write_network(
    network: Stored,
    folder: Path,
    *,
    dtype: torch.dtype | None,
    shard_size: int,
    unread: Mapping[str, Tensor] = _NOTHING,
) -> None:
    """Write a network's configuration and weights into a folder of its own.

    Args:
        network: What to write.
        folder: Of the new checkpoint.
        dtype: Dtype of the weights in the files; None keeps that of each weight.
        shard_size: Most bytes per file of weights.
        unread: Weights of the published network that ours does not hold, by published name.

    Raises:
        CheckpointError: A weight cannot be stored.
        OSError: There is no room, or no right to write.
    """
    place = folder / network.folder
    place.mkdir()
    write_json(place / CONFIG_FILE, network.config)
    names = (network.stem, network.module, network.table)
    write_weights(place, *names, dtype=dtype, shard_size=shard_size, unread=unread)


def refuse_rebuilt(network: Stored) -> None:
    """Refuse a network whose weights have other names or shapes than its configuration says.

    Raises:
        CheckpointError: It was rebuilt to run faster.
    """
    with without_memory():
        plain = type(network.module)(network.module.config)
    shapes, expected = (
        {name: weight.shape for name, weight in one.state_dict().items()}
        for one in (network.module, plain)
    )
    if shapes != expected:
        changed = min(name for name, _ in shapes.items() ^ expected.items())
        raise CheckpointError(
            f"{network.folder} runs in another form than it is saved in, see {changed}",
            field="components",
            hint="load the model with plan='plain' and without low-rank changes to save it",
        )
