"""Several processes that train one task together, as ``torchrun`` starts them.

Every process draws its own part of a step's data and keeps a whole copy of the networks; gradients
are averaged. Rank 0 alone writes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from glm_image import device as devices


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """This process among all of them.

    Attributes:
        rank: Number of this process, from 0.
        local: Its number on this machine.
        world: Processes in all; 1 is an ordinary run.
    """

    rank: int = 0
    local: int = 0
    world: int = 1

    @classmethod
    def from_environment(cls) -> "Ranks":
        """Read the variables that ``torchrun`` sets; without them this is an ordinary run."""
        rank, local, world = (
            int(os.environ.get(name, default))
            for name, default in (("RANK", "0"), ("LOCAL_RANK", "0"), ("WORLD_SIZE", "1"))
        )
        return cls(rank=rank, local=local, world=world)

    @property
    def writes(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def device(self, kind: str) -> torch.device:
        """The device of this process; processes of one machine share its accelerators out.

        Raises:
            InputError: There is no such device.
        """
        found = devices.resolve(kind)
        if found.is_accelerator and self.world > 1:
            found = devices.resolve(f"{found.kind}:{self.local}")
        return found.torch_device

    def join(self, device: torch.device) -> None:
        """Meet the other processes; call it before anything else that involves them."""
        if self.world > 1 and not dist.is_initialized():
            if device.index is not None:
                torch.accelerator.set_device_index(device.index)
            dist.init_process_group(dist.get_default_backend_for_device(device))

    def wrap(self, module: nn.Module) -> nn.Module:
        """Start all copies from the weights of rank 0 and average their gradients from now on.

        A parameter may be without a gradient in a step (no source, no glyphs): where some
        processes have one it is averaged, where none has, the parameter rests in all of them.
        """
        if self.world == 1:
            return module
        return DistributedDataParallel(
            module, forward_sync_buffers=False, find_unused_parameters=True
        )

    def mean(self, figures: Mapping[str, float], device: torch.device) -> dict[str, float]:
        """Average of figures over all processes, which must name the same ones."""
        if self.world == 1:
            return dict(figures)
        # fp32: not every accelerator has fp64.
        values = torch.tensor(list(figures.values()), dtype=torch.float32, device=device)
        dist.all_reduce(values)
        return dict(zip(figures, (values / self.world).tolist(), strict=True))

    def wait(self) -> None:
        """Go on when all processes are here."""
        if dist.is_initialized():
            dist.barrier()

    def leave(self) -> None:
        """Part from the other processes, when all of them are done."""
        if dist.is_initialized():
            dist.barrier()
            dist.destroy_process_group()
