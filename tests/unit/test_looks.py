"""Start vectors of characters from how they look."""

import torch
from torch import Tensor

from glm_image.data.characters import ALL
from glm_image.training.looks import character_looks


def stacked(width: int, norm: float = 1.0) -> Tensor:
    looks = character_looks(width, norm)
    assert list(looks) == [f"text:{character}" for character in ALL]
    return torch.stack(list(looks.values()))


def nearest(rows: Tensor, character: str) -> str:
    distances = (rows - rows[ALL.index(character)]).norm(dim=1)
    distances[ALL.index(character)] = torch.inf
    return ALL[int(distances.argmin())]


def test_characters_that_look_alike_start_close() -> None:
    rows = stacked(64)
    pairs = {"末": "未", "土": "士", "I": "l"}
    assert {one: nearest(rows, one) for one in pairs} == pairs


def test_no_two_characters_start_alike() -> None:
    rows = stacked(64)
    distances = torch.cdist(rows, rows).fill_diagonal_(torch.inf)
    assert distances.min() > 0.1


def test_lengths_are_as_asked() -> None:
    rows = stacked(32, norm=5.0)
    assert rows.shape == (len(ALL), 32)
    assert abs(float(rows.square().sum(dim=1).mean().sqrt()) - 5.0) < 1e-4
