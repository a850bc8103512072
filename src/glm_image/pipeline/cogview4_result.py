"""What a request to CogView4 gives back, and how each picture was made."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glm_image.pipeline.cogview4 import CogView4System, prompts_of
from glm_image.pipeline.params import CogView4Params
from glm_image.pipeline.picture import Picture
from glm_image.pipeline.result import Result, origin
from glm_image.types import Image


def build(
    system: CogView4System,
    params: CogView4Params,
    pictures: Sequence[Picture],
    pixels: Sequence[NDArray[np.uint8]],
    timings: dict[str, float],
    notes: list[str],
) -> Result:
    """Put the result of a request together; there are no codes to tell of."""
    return Result(
        pictures=[
            Image(pixels=one, provenance=_provenance(system, params, picture, notes))
            for picture, one in zip(pictures, pixels, strict=True)
        ],
        seeds=[picture.seed for picture in pictures],
        prior_tokens=[],
        health=[],
        timings=timings,
        notes=notes,
    )


def _provenance(
    system: CogView4System, params: CogView4Params, picture: Picture, notes: Sequence[str]
) -> dict[str, object]:
    """How one picture was made, in values that JSON can hold."""
    (prompt,) = prompts_of([picture])
    record = origin(system, params, picture) | {"negative_prompt": prompt.negative}
    if prompt.original_size != prompt.size:
        record["original_size"] = list(prompt.original_size)
    if prompt.crop != (0, 0):
        record["crops_coords_top_left"] = list(prompt.crop)
    if prompt.start_chw is not None:
        record["strength"] = params.strength
        record["method"] = "image to image by strength, of this package"
    if prompt.control_chw is not None:
        record["control"] = "given"
    if params.compat:
        record["compat"] = True
    if picture.noise_chw is not None:
        record["noise"] = "given"
    if notes:
        record["notes"] = list(notes)
    return record
