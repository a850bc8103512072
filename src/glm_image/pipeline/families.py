"""The few places where those who work for all models ask which model they work for."""

from collections.abc import Sequence

import torch
from torch import Tensor

from glm_image.errors import InputError
from glm_image.pipeline import cogview4, cogview4_result, result, stages
from glm_image.pipeline.cogview4 import CogView4System
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import CogView4Params, PaintingParams, SamplingParams
from glm_image.pipeline.picture import Batch, Made, Picture
from glm_image.pipeline.result import Result
from glm_image.pipeline.schedule import Schedule
from glm_image.pipeline.system import System
from glm_image.pipeline.writing import Written
from glm_image.types import GeneratorInput, Prompt, Size


def encode(system: Loaded, asked: Prompt) -> GeneratorInput | None:
    """The ids from which codes are written; None for a model without codes.

    Raises:
        InputError: Prompt and picture are too long for the model.
    """
    return stages.encode(system, asked) if isinstance(system, System) else None


def steps_of(system: Loaded, size: Size, params: PaintingParams) -> Schedule:
    """The steps that pictures of a size take.

    Raises:
        InputError: There are more steps than timesteps, or the model is asked in another's way.
    """
    if isinstance(system, System) and isinstance(params, SamplingParams):
        return stages.steps_of(system, size, params)
    if isinstance(system, CogView4System) and isinstance(params, CogView4Params):
        return cogview4.steps_of(system, size, params)
    raise _stranger(system, params)


def tell(
    system: Loaded,
    batch: Batch,
    written: Sequence[Written],
    params: PaintingParams,
    noises: Sequence[Tensor],
) -> stages.Told:
    """Put together what the decoder is told.

    Args:
        system: The model.
        batch: The pictures.
        written: Codes of each picture, if the model writes codes.
        params: How they are sampled.
        noises: Drawn noise of each picture, if the model writes codes.
    """
    if isinstance(system, System) and isinstance(params, SamplingParams):
        return stages.tell(system, batch, written, params, torch.stack(list(noises)))
    if isinstance(system, CogView4System) and isinstance(params, CogView4Params):
        states = cogview4.read(system, batch.pictures, params)
        with system.present("autoencoder", "decoder"):
            return cogview4.tell(system, batch.pictures, params, states)
    raise _stranger(system, params)


def build(
    system: Loaded,
    params: PaintingParams,
    pictures: Sequence[Picture],
    made: Sequence[Made],
    timings: dict[str, float],
    notes: list[str],
) -> Result:
    """Put the result of a request together; arguments as :func:`.result.build`."""
    if isinstance(system, System) and isinstance(params, SamplingParams):
        return result.build(system, params, pictures, made, timings, notes)
    if isinstance(system, CogView4System) and isinstance(params, CogView4Params):
        pixels = [one.pixels for one in made]
        return cogview4_result.build(system, params, pictures, pixels, timings, notes)
    raise _stranger(system, params)


def _stranger(system: Loaded, params: PaintingParams) -> InputError:
    return InputError(
        f"{type(params).__name__} for {type(system).__name__}",
        field="params",
        hint="ask each model with its own parameters",
    )
