"""Several processes that train one task together, as ``torchrun`` starts them.

Every process draws its own part of a step's data and keeps a whole copy of the networks; gradients
are averaged. Rank 0 alone writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from glm_image.execution import ranks


@dataclass(frozen=True, kw_only=True)
class Ranks(ranks.Ranks):
    """This process among all that train together."""

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
