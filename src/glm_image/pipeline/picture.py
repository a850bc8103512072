"""One picture to be made, and the grouping of pictures that are made together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.image.size import OutputPlan
from glm_image.pipeline.writing import Written
from glm_image.types import Prompt, Size


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One picture to be made. Pictures of one prompt share its record, not a copy.

    Args:
        prompt: What is asked for.
        output: Generated and requested size; the generated size is the prompt's.
        seed: Source of all its randomness.
        codes_n: ``[th*tw]`` int64 codes to be painted instead of written ones.
        noise_chw: ``[C, H/8, W/8]`` noise to be used instead of drawn noise.
    """

    prompt: Prompt
    output: OutputPlan
    seed: int
    codes_n: Tensor | None = None
    noise_chw: Tensor | None = None

    def __post_init__(self) -> None:
        if self.output.generated != self.prompt.size:
            raise ShapeError(
                f"{self.output.generated} is generated, the prompt says {self.prompt.size}",
                field="output",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """One finished picture.

    Args:
        pixels: ``[H, W, 3]`` uint8 RGB of the requested size.
        written: The codes it was painted from; None if the model has none.
    """

    pixels: NDArray[np.uint8]
    written: Written | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Pictures that run together: one size, all from words alone or all edits.

    Args:
        pictures: At least one.
        prompts: Their distinct prompts, so that each is read once.
        rows: Index into ``prompts`` of every picture.
    """

    pictures: tuple[Picture, ...]
    prompts: tuple[Prompt, ...]
    rows: tuple[int, ...]

    @classmethod
    def of(cls, pictures: Sequence[Picture]) -> "Batch":
        """Find the distinct prompts of pictures."""
        prompts = {id(picture.prompt): picture.prompt for picture in pictures}
        places = {key: index for index, key in enumerate(prompts)}
        return cls(
            pictures=tuple(pictures),
            prompts=tuple(prompts.values()),
            rows=tuple(places[id(picture.prompt)] for picture in pictures),
        )

    @property
    def size(self) -> Size:
        """Generated size, the same for all."""
        return self.prompts[0].size

    @property
    def seeds(self) -> list[int]:
        """One per picture."""
        return [picture.seed for picture in self.pictures]

    @property
    def outputs(self) -> list[OutputPlan]:
        """Generated and requested size of each picture."""
        return [picture.output for picture in self.pictures]

    @property
    def given_codes(self) -> list[Tensor]:
        """Codes that the caller gave, one raster per picture, or none at all."""
        return [picture.codes_n for picture in self.pictures if picture.codes_n is not None]

    def noise(self, drawn_pchw: Tensor) -> Tensor:
        """Noise ``[P, C, H/8, W/8]``: what the caller gave, and what was drawn for the rest."""
        return torch.stack(
            [
                drawn_chw if picture.noise_chw is None else picture.noise_chw
                for picture, drawn_chw in zip(self.pictures, drawn_pchw, strict=True)
            ]
        )


def batches(pictures: Sequence[Picture], limit: int | None) -> list[list[int]]:
    """Group pictures that can run together.

    Args:
        pictures: All pictures of a request.
        limit: Most pictures per batch; None sets no limit.

    Returns:
        Indices into ``pictures``, in order within each batch.
    """
    groups: dict[tuple[int, int, bool], list[int]] = {}
    for index, picture in enumerate(pictures):
        key = (*picture.prompt.size, bool(picture.prompt.sources))
        groups.setdefault(key, []).append(index)
    return [
        group[start : start + (limit or len(group))]
        for group in groups.values()
        for start in range(0, len(group), limit or len(group))
    ]
