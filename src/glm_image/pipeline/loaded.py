"""What every loaded model of the family is, whichever pipeline it is for."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Self

from glm_image.checkpoint.holdings import Holdings
from glm_image.device import Device
from glm_image.execution import loading
from glm_image.execution.offload import Residence
from glm_image.execution.plan import ExecutionPlan
from glm_image.types import PIXELS_PER_LATENT, Size


@dataclass(frozen=True, kw_only=True)
class Loaded(Holdings):
    """A checkpoint in memory.

    Args:
        name: What the user called the model.
        device: Where the networks are and in which dtype.
        plan: How the networks run.
        residence: Knows which networks are on the device; None if all always are.
    """

    name: str
    device: Device
    plan: ExecutionPlan = field(default_factory=ExecutionPlan)
    residence: Residence | None = None

    def to(self, device: Device) -> Self:
        """The same system with its networks moved to another device, in the dtype they have."""
        plan = loading.move(self, self.plan, device)
        return replace(self, device=device, plan=plan)

    def present(self, *names: str) -> AbstractContextManager[None]:
        """Have networks on the device inside this block, wherever they wait otherwise.

        Args:
            names: Of ``networks``.
        """
        return nullcontext() if self.residence is None else self.residence.at_work(*names)

    def latent_shape(self, size: Size) -> tuple[int, int, int]:
        """Channels, rows and columns of the latents of a picture."""
        rows, columns = size.height // PIXELS_PER_LATENT, size.width // PIXELS_PER_LATENT
        return self.dit.noisy_channels, rows, columns
