"""Start vectors of characters, made from how they look.

Thousands of characters are too many to learn one by one from a few appearances each. Vectors that
hold the principal components of a character's strokes turn "which character" into "which picture"
from the first step: what a network learns about drawing or recognising some characters holds for
all the others.
"""

from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from glm_image.data.characters import ALL
from glm_image.data.draw import character_mask
from glm_image.data.scene import FONTS

_SIDE = 24
"""Side of the pictures of characters in pixels: enough to tell all strokes apart."""


def character_looks(width: int, norm: float) -> dict[str, Tensor]:
    """Start vectors for the attributes ``text:<character>``.

    Principal components are divided by the square root of their spread: neither do the large
    masses of ink hide the strokes, nor does noise count as much as they do.

    Args:
        width: Components of a vector.
        norm: Root mean square of the vectors' lengths.
    """
    picture_nk = _pictures()
    centred = picture_nk - picture_nk.mean(dim=0)
    u, s, _ = torch.linalg.svd(centred, full_matrices=False)
    kept = min(width, len(s))
    scores = torch.zeros(len(ALL), width)
    scores[:, :kept] = u[:, :kept] * s[:kept].sqrt()
    scores *= norm / scores.square().sum(dim=1).mean().sqrt()
    return {f"text:{character}": row for character, row in zip(ALL, scores, strict=True)}


@cache
def _pictures() -> Tensor:
    """All characters in both fonts, averaged, as rows of pixels in [0, 1]."""
    rows = [np.mean([_picture(c, font) for font in FONTS], axis=0) for c in ALL]
    return torch.from_numpy(np.stack(rows)).float().flatten(1)


def _picture(character: str, font: str) -> np.ndarray:
    mask = Image.fromarray((255 * character_mask(character, 2, font)).astype(np.uint8))
    small = mask.resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / 255
