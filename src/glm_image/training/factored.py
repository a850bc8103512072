"""Embedding tables whose rows are sums over the attributes of what they stand for.

A code such as "upper left quarter of a red A" shares the attribute vectors of "A", "red" and
"upper left" with every other code, so what is learned from one combination holds for all. The sum
is a parametrisation of an ordinary table: removed after training, a plain embedding remains.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

Attributes = Sequence[tuple[str, ...]]
"""Names of the attributes of every row; no names for a row of its own."""

_RIDGE = 1e-2
"""Beside counts of rows, which are whole numbers."""


class _SumOfAttributes(nn.Module):
    """Adds the attributes' vectors to a table's own rows.

    Args:
        index_ka: Attribute of each row, ``[K, A]``; the last attribute is the empty one.
        factors: One vector per attribute and a zero vector for the empty one.
    """

    index_ka: Tensor

    def __init__(self, index_ka: Tensor, factors: Tensor) -> None:
        super().__init__()
        self.register_buffer("index_ka", index_ka, persistent=False)
        self.factors = nn.Parameter(factors)

    def forward(self, own_kd: Tensor) -> Tensor:
        """Rows of the table, ``[K, D]``."""
        padding = self.factors.shape[0] - 1
        return own_kd + F.embedding_bag(
            self.index_ka, self.factors, mode="sum", padding_idx=padding
        )


def factorise(
    module: nn.Module,
    attributes: Attributes,
    *,
    std: float,
    rng: torch.Generator,
    start: Mapping[str, Tensor] | None = None,
) -> None:
    """Give ``module.weight`` the form "own row + sum of attribute vectors".

    Rows with attributes start as the sum of random attribute vectors; rows without keep random
    values of their own. Equal ``rng`` states give equal attribute vectors, so two tables can start
    aligned.

    Args:
        module: An embedding or a linear layer without bias whose rows stand for things.
        attributes: Attributes of the first rows; further rows have none.
        std: Standard deviation of a row.
        rng: Source of the attribute vectors.
        start: Vectors of some attributes to start from in place of random ones.
    """
    weight = module.weight
    if not isinstance(weight, Tensor):
        raise TypeError("the module has no weight")
    rows, width = weight.shape
    names: dict[str, int] = {}
    for row in attributes:
        for name in row:
            names.setdefault(name, len(names))
    longest = max(len(row) for row in attributes)
    index_ka = torch.full((rows, longest), len(names))
    for index, its in enumerate(attributes):
        for column, name in enumerate(its):
            index_ka[index, column] = names[name]
    factors = torch.randn(len(names) + 1, width, generator=rng) * (std / longest**0.5)
    factors[-1] = 0
    for name, vector in (start or {}).items():
        factors[names[name]] = vector
    free = torch.tensor([not row for row in attributes] + [True] * (rows - len(attributes)))
    with torch.no_grad():
        weight.normal_(std=std, generator=rng).mul_(free[:, None])
    parametrize.register_parametrization(
        module, "weight", _SumOfAttributes(index_ka, factors), unsafe=True
    )


@torch.no_grad()
def refit(module: nn.Module, rows_kd: Tensor) -> None:
    """Give a factored table the rows of an ordinary one.

    The attributes' vectors are those that come nearest to the rows (ridge regression: an attribute
    that never stands alone has no vector of its own); what they leave over becomes the rows' own.

    Args:
        module: A module that :func:`factorise` was applied to.
        rows_kd: Rows that the table shall have, ``[K, D]``.
    """
    parts = cast(_SumOfAttributes, module.get_submodule("parametrizations.weight.0"))
    attributes = parts.factors.shape[0] - 1
    counts_ka = rows_kd.new_zeros(len(rows_kd), attributes + 1)
    counts_ka.scatter_add_(1, parts.index_ka, rows_kd.new_ones(()).expand(parts.index_ka.shape))
    counts_ka = counts_ka[:, :-1]
    gram_aa = counts_ka.T @ counts_ka + _RIDGE * torch.eye(attributes)
    parts.factors[:-1] = torch.linalg.solve(gram_aa, counts_ka.T @ rows_kd)
    parts.factors[-1] = 0
    own_kd = module.get_parameter("parametrizations.weight.original")
    own_kd.copy_(rows_kd - counts_ka @ parts.factors[:-1])


def plain(module: nn.Module) -> None:
    """Turn every factored table inside ``module`` back into an ordinary one with equal rows."""
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight", leave_parametrized=True)
