"""Connected regions and simple morphology of pixel masks, in numpy.

Legend of array names: h and w pixels.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Labels = NDArray[np.int64]


def regions(mask_hw: Flags) -> Iterator[tuple[int, int, Flags]]:
    """The connected regions of a mask; diagonal neighbours are connected.

    Yields:
        First row, first column and the region's pixels inside its bounding box.
    """
    labels = label(mask_hw)
    count = int(labels.max()) if labels.size else 0
    rows, columns = np.nonzero(labels)
    order = np.argsort(labels[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    ends = np.bincount(labels[rows, columns], minlength=count + 1)[1:].cumsum()
    for one_rows, one_columns in zip(
        np.split(rows, ends[:-1]), np.split(columns, ends[:-1]), strict=True
    ):
        if one_rows.size == 0:
            continue
        top, left = int(one_rows[0]), int(one_columns.min())
        region = np.zeros((int(one_rows[-1]) - top + 1, int(one_columns.max()) - left + 1), bool)
        region[one_rows - top, one_columns - left] = True
        yield top, left, region


def label(mask_hw: Flags) -> Labels:
    """Number the connected regions of a mask from 1; 0 is outside ``[h, w]``.

    Runs of pixels along a row are nodes, touching runs of neighbouring rows are joined.
    """
    padded = np.pad(mask_hw.astype(np.int8), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    run_rows, starts = np.nonzero(change == 1)
    stops = np.nonzero(change == -1)[1]
    parents = list(range(len(starts)))
    first_of_row = np.searchsorted(run_rows, np.arange(mask_hw.shape[0] + 1))
    for row in range(1, mask_hw.shape[0]):
        above, here, end = (int(first_of_row[r]) for r in (row - 1, row, row + 1))
        _join_rows(parents, starts, stops, range(above, here), range(here, end))
    roots = np.array([_root(parents, run) for run in range(len(parents))], dtype=np.int64)
    numbers = np.unique(roots, return_inverse=True)[1] + 1
    labels = np.zeros(mask_hw.shape, dtype=np.int64)
    for run, number in enumerate(numbers):
        labels[run_rows[run], starts[run] : stops[run]] = number
    return labels


def eroded(mask_hw: Flags, radius: int) -> Flags:
    """Pixels whose whole disc of ``radius`` pixels lies in the mask."""
    return ~dilated(~np.pad(mask_hw, radius), radius)[radius:-radius, radius:-radius]


def dilated(mask_hw: Flags, radius: int) -> Flags:
    """Pixels within ``radius`` pixels of the mask."""
    height, width = mask_hw.shape
    padded = np.pad(mask_hw, radius)
    grown = np.zeros_like(mask_hw)
    for y in range(2 * radius + 1):
        for x in range(2 * radius + 1):
            if (y - radius) ** 2 + (x - radius) ** 2 <= radius**2 + 1:
                grown |= padded[y : y + height, x : x + width]
    return grown


def opened(mask_hw: Flags, radius: int) -> Flags:
    """A mask without what is thinner than a disc of ``radius`` pixels."""
    return dilated(eroded(mask_hw, radius), radius)


def _join_rows(
    parents: list[int], starts: Labels, stops: Labels, above: range, here: range
) -> None:
    """Join the runs of a row with the runs of the row above that they touch."""
    upper = iter(above)
    other = next(upper, None)
    for run in here:
        while other is not None and stops[other] < starts[run]:
            other = next(upper, None)
        while other is not None and starts[other] <= stops[run]:
            parents[_root(parents, run)] = _root(parents, other)
            if stops[other] > stops[run]:
                break
            other = next(upper, None)


def _root(parents: list[int], run: int) -> int:
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run
