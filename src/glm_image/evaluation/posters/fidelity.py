"""How well an edit leaves alone what it is not about, and how much two drawings differ."""

import numpy as np
from numpy.typing import NDArray

from glm_image.data.draw import Pixels, render
from glm_image.data.scene import CELL, Scene
from glm_image.evaluation.posters.found import Found, Frame
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.marks import frames_of
from glm_image.evaluation.posters.regions import Flags

# Rounding to whole values leaves a mean squared error of 1/12, so a perfect copy has 58.9 dB.
_ROUNDING = 1 / 12
_PEAK = 255.0
# Least share of a picture that must be untouched for its likeness to say anything.
_LEAST = 0.05
# A thing stands elsewhere if its middle is at least so many cells away.
_ELSEWHERE = 1.0


def untouched_psnr(case: Case, pixels: Pixels) -> float | None:
    """Peak signal-to-noise ratio in dB of what an edit should leave as it is.

    The untouched area is all cells that are equal in the true source and the true result.

    Args:
        case: An edit.
        pixels: What was drawn ``[h, w, 3]`` uint8.

    Returns:
        At most 58.9 dB; None of a drawing, and where hardly anything is untouched.
    """
    if not case.sources:
        return None
    truth = render(case.expected).astype(np.float32)
    same = _untouched(case.sources[0], case.expected)
    if float(same.mean()) < _LEAST:
        return None
    error = float(np.square(pixels.astype(np.float32) - truth)[same].mean())
    return float(10 * np.log10(_PEAK**2 / max(error, _ROUNDING)))


def _untouched(before: Scene, after: Scene) -> Flags:
    """Pixels of the cells in which two scenes of one size look alike ``[h, w]``."""
    first, second = render(before), render(after)
    differs = (first != second).any(axis=-1)
    cells = differs.reshape(after.rows, CELL, after.columns, CELL).any(axis=(1, 3))
    whole: NDArray[np.bool_] = ~cells.repeat(CELL, axis=0).repeat(CELL, axis=1)
    return whole


def share_elsewhere(case: Case, first: Found, second: Found) -> float | None:
    """Of the things that two drawings of a case show, the share that stand at different places.

    Args:
        case: A drawing whose layout is open.
        first: What one drawing shows.
        second: What another one shows.

    Returns:
        In [0, 1]; None where no thing is in both.
    """
    pairs = zip(frames_of(case.expected, first), frames_of(case.expected, second), strict=True)
    moved = [_apart(a, b) for a, b in pairs if a is not None and b is not None]
    return sum(moved) / len(moved) if moved else None


def _apart(first: Frame, second: Frame) -> bool:
    rows, columns = first.row - second.row, first.column - second.column
    return max(abs(rows), abs(columns)) >= _ELSEWHERE
