"""What every loaded model of the family is, whichever pipeline it is for."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from glm_image.checkpoint.holdings import Holdings
from glm_image.device import Device
from glm_image.execution import auto, loading
from glm_image.execution.auto import Asked
from glm_image.execution.offload import Residence
from glm_image.execution.parallel import Team, form
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
        team: The processes that draw together with this one.
    """

    name: str
    device: Device
    plan: ExecutionPlan = field(default_factory=ExecutionPlan)
    residence: Residence | None = None
    team: Team = field(default_factory=Team)

    def filled(self, folder: Path, asked: Asked) -> Self:
        """This outline with its weights, running by a plan.

        Args:
            folder: The checkpoint that it was outlined from; networks are filled in place.
            asked: How it runs, see :func:`glm_image.execution.auto.choose`.

        Raises:
            CheckpointError: Weights are wrong; every problem is listed.
            PlanError: The plan does not work on the device, or by so many processes.
        """
        plan = auto.choose(asked, self, self.device).plan
        team = form(plan.parallel, self.device)
        residence = loading.load(self, folder, plan, self.device, team)
        return replace(self, plan=plan, residence=residence, team=team)

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
