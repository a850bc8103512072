"""What all pipelines have in common: a loaded model, where it is and how it runs."""

from typing import Generic, Self, TypeVar

import torch

from glm_image.device import resolve
from glm_image.execution.plan import ExecutionPlan
from glm_image.pipeline.arguments import loras_of
from glm_image.pipeline.cogview4 import CogView4System
from glm_image.pipeline.system import System

Held = TypeVar("Held", System, CogView4System)


class LoadedPipeline(Generic[Held]):
    """A loaded model that callers draw with.

    Args:
        system: The loaded model.

    Attributes:
        loras: Low-rank changes of the decoder: load, scale, merge, unmerge, unload.
    """

    def __init__(self, system: Held) -> None:
        self.system: Held = system
        self.loras = loras_of(system)

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.system.device.torch_device

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the networks."""
        return self.system.device.dtype

    @property
    def plan(self) -> ExecutionPlan:
        """How the networks run."""
        return self.system.plan

    def to(self, device: str | torch.device) -> Self:
        """Move the networks to another device, in the dtype they have.

        Raises:
            InputError: The device is not there.
            PlanError: The weights cannot leave their device.
        """
        self.system = self.system.to(resolve(str(device), self.dtype))
        return self
