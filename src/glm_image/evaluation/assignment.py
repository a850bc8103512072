"""The cheapest way to give every row of a table a column of its own."""

import numpy as np
from numpy.typing import NDArray

Costs = NDArray[np.float64]


def assign(costs: Costs) -> list[tuple[int, int]]:
    """Pair rows with columns so that the sum of the costs is least.

    Args:
        costs: Finite costs ``[rows, columns]``.

    Returns:
        Pairs of row and column, ordered by row; as many as the shorter side is long.

    Source: H. W. Kuhn, The Hungarian method for the assignment problem, 1955; here by shortest
    augmenting paths (R. Jonker, A. Volgenant, 1987), cubic in the number of rows.
    """
    if costs.shape[0] > costs.shape[1]:
        return sorted((row, column) for column, row in assign(costs.T))
    rows, columns = costs.shape
    # Column 0 is where a path starts; rows and columns count from 1.
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, dtype=np.int64)
    for row in range(1, rows + 1):
        _augment(costs, row, row_price, column_price, owner)
    pairs = [(int(owner[j]) - 1, j - 1) for j in range(1, columns + 1) if owner[j]]
    return sorted(pairs)


def _augment(
    costs: Costs, row: int, row_price: Costs, column_price: Costs, owner: NDArray[np.int64]
) -> None:
    """Give one more row a column, moving others along the cheapest path."""
    columns = costs.shape[1]
    owner[0] = row
    least = np.full(columns + 1, np.inf)
    before = np.zeros(columns + 1, dtype=np.int64)
    used = np.zeros(columns + 1, dtype=np.bool_)
    column = 0
    while owner[column]:
        used[column] = True
        current = int(owner[column])
        reduced = costs[current - 1] - row_price[current] - column_price[1:]
        nearer = ~used[1:] & (reduced < least[1:])
        least[1:][nearer] = reduced[nearer]
        before[1:][nearer] = column
        free = np.where(used, np.inf, least)
        free[0] = np.inf
        following = int(free.argmin())
        step = float(free[following])
        row_price[owner[used]] += step
        column_price[used] -= step
        least[~used] -= step
        column = following
    while column:
        owner[column] = owner[before[column]]
        column = int(before[column])
