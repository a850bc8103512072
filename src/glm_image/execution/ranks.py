"""This process among all that ``torchrun`` started."""

import os
from dataclasses import dataclass
from typing import Self

import torch
import torch.distributed as dist

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
    def from_environment(cls) -> Self:
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

    def device(self, kind: str | None) -> torch.device:
        """The device of this process; processes of one machine share its accelerators out.

        Args:
            kind: Such as ``"cpu"``; None takes the best kind that is there.

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

    def wait(self) -> None:
        """Go on when all processes are here."""
        if dist.is_initialized():
            dist.barrier()

    def leave(self) -> None:
        """Part from the other processes, when all of them are done."""
        if dist.is_initialized():
            dist.barrier()
            dist.destroy_process_group()
