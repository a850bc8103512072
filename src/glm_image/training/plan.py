"""Auxiliary heads that make a generator think ahead; used in training only.

Where a thing begins is decided at one cell among hundreds, so next-token prediction alone teaches
"at the bottom" late. These heads ask for it everywhere: an early layer has to know the place of the
cell that is about to be written, a later layer where the next thing, or the next line of a text,
will begin and which code it begins with, from the first cell on. The network's own shape does not
change.

Legend: b batch, t tokens, d width, v output ids, 5 own row, own column, next row, next column, next
code.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.data.sequences import PLACES
from glm_image.models.glm import GlmModel
from glm_image.training.cross_entropy import head_loss

_IGNORED = -100
_EVERY = 4
"""Of so many cells one is asked for the next code, which costs as much as predicting one."""

_CODE_SHARE = 0.5
"""Weight of the next code's loss beside the places' mean."""


class PlanHeads(nn.Module):
    """Reads places from hidden states in the middle of a stack.

    Args:
        stack: The stack, whose layers are watched.
        early: Layer whose output tells the own place.
        late: Layer whose output tells the next place.
    """

    def __init__(self, stack: GlmModel, *, early: int, late: int) -> None:
        super().__init__()
        width = stack.config.hidden_size
        self.own_head = nn.Linear(width, 2 * PLACES)
        self.next_head = nn.Linear(width, 2 * (PLACES + 1))
        self.code_head = nn.Linear(width, width)
        self._seen: dict[int, Tensor] = {}
        self._layers = (early, late)
        for index in {early, late}:
            stack.layers[index].register_forward_hook(self._watch(index))

    def _watch(self, index: int) -> Callable[[nn.Module, Any, Tensor], None]:
        def keep(layer: nn.Module, inputs: Any, output: Tensor) -> None:
            self._seen[index] = output

        return keep

    def forward(self, plans_5bt: Tensor, head_vd: Tensor) -> Tensor:
        """Cross-entropy of places and codes, over the pass that the stack has just made.

        Args:
            plans_5bt: What lies ahead, -100 where nothing is asked for.
            head_vd: The generator's head, one row per output id.
        """
        known_bt = plans_5bt[0] != _IGNORED
        early, late = (self._seen[index][known_bt] for index in self._layers)
        self._seen.clear()
        own_row, own_column = self.own_head(_normal(early)).float().chunk(2, dim=-1)
        next_row, next_column = self.next_head(_normal(late)).float().chunk(2, dim=-1)
        answers = (own_row, own_column, next_row, next_column)
        losses = [
            F.cross_entropy(answer, plans_bt[known_bt])
            for answer, plans_bt in zip(answers, plans_5bt[:4], strict=True)
        ]
        return torch.stack(losses).mean() + _CODE_SHARE * self._codes(
            late, plans_5bt[4][known_bt], head_vd
        )

    def _codes(self, late: Tensor, codes: Tensor, head_vd: Tensor) -> Tensor:
        asked = (codes != _IGNORED).nonzero()[::_EVERY, 0]
        if not len(asked):
            return late.new_zeros(())
        hidden = self.code_head(_normal(late[asked]))
        weights = torch.ones(len(asked), device=late.device)
        return head_loss(hidden, head_vd, codes[asked], weights).loss


def _normal(x: Tensor) -> Tensor:
    """Hidden states grow along the stack; the heads see them at one scale."""
    return F.rms_norm(x, x.shape[-1:])
