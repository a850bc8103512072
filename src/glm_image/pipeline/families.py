"""The few places where those who work for all models ask which model they work for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from glm_image.checkpoint import cogview4 as checkpoint_of_cogview4
from glm_image.checkpoint import published
from glm_image.checkpoint.cogview4 import CONTROL_PIPELINE, kind
from glm_image.checkpoint.cogview4 import PIPELINE as COGVIEW4_PIPELINE
from glm_image.checkpoint.settings import PIPELINE, SamplingDefaults
from glm_image.config import nearest
from glm_image.device import Device
from glm_image.errors import CheckpointError, InputError
from glm_image.execution.auto import Asked
from glm_image.image.size import plan_output
from glm_image.models.dit_trunk import Trunk
from glm_image.pipeline import cogview4, cogview4_result, result, stages
from glm_image.pipeline.cogview4 import CogView4System
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import CogView4Params, PaintingParams, SamplingParams
from glm_image.pipeline.picture import Batch, Made, Picture
from glm_image.pipeline.request import MAX_SOURCES
from glm_image.pipeline.result import Result
from glm_image.pipeline.schedule import Schedule
from glm_image.pipeline.system import System, find
from glm_image.pipeline.writing import Written
from glm_image.types import GeneratorInput, Prompt, Size

_COGVIEW4 = (COGVIEW4_PIPELINE, CONTROL_PIPELINE)


def is_cogview4(folder: Path) -> bool:
    """Whether a checkpoint is one of CogView4, and not of GLM-Image.

    Raises:
        NotFoundError: The folder is not there or is no checkpoint.
        CheckpointError: It is for another pipeline.
    """
    name = kind(folder)
    if name not in (PIPELINE, *_COGVIEW4):
        raise CheckpointError(
            f"{folder} is for {name}", field="model", hint=nearest(name, (PIPELINE, *_COGVIEW4))
        )
    return name in _COGVIEW4


def load(model: str | Path | None, device: Device, *, plan: Asked = None) -> Loaded:
    """Load whichever model a checkpoint holds.

    Args:
        model: A folder, ``"org/name"`` of the hub, or None for the bundled model.
        device: Where to put it and in which dtype.
        plan: How it runs, see :func:`glm_image.execution.auto.choose`.

    Raises:
        NotFoundError: There is no such model.
        CheckpointError: Configs or weights are wrong; every problem is listed.
        PlanError: The plan does not work on the device.
    """
    folder = find(model)
    if is_cogview4(folder):
        return CogView4System.load(folder, str(model), device, plan=plan)
    return System.load(model, device, revision=None, plan=plan)


def decoder_outline(folder: Path) -> Trunk:
    """The decoder of a checkpoint without its weights.

    Raises:
        CheckpointError: Configs are wrong; every problem is listed.
    """
    if is_cogview4(folder):
        return checkpoint_of_cogview4.outline(folder).dit
    return published.outline(folder).dit


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What may be asked of a model.

    Args:
        summary: One line.
        default_size: Size of a picture if nobody names one.
        sides: Least and greatest side of a picture in pixels.
        most_pixels: Of one picture; None if the sides alone set the limit.
        sources: Most pictures of an edit.
        usual: How its pictures are painted if nobody says otherwise.
        sampling: How its codes are sampled by default; None if it writes none.
    """

    summary: str
    default_size: Size
    sides: tuple[int, int]
    most_pixels: int | None
    sources: int
    usual: PaintingParams
    sampling: SamplingDefaults | None


def abilities(system: Loaded) -> Abilities:
    """What may be asked of a model."""
    if isinstance(system, System):
        return Abilities(
            summary="text to image and image editing",
            # Sides of files are multiples of a token; training sizes may lie between.
            default_size=plan_output(*system.default_size).generated,
            sides=system.sides,
            most_pixels=None,
            sources=MAX_SOURCES,
            usual=system.usual,
            sampling=system.sampling,
        )
    if isinstance(system, CogView4System):
        return Abilities(
            summary="text to image, and from one image by its strength",
            default_size=system.default_size,
            sides=system.sides,
            most_pixels=system.rule.pixels,
            sources=1,
            usual=CogView4Params(),
            sampling=None,
        )
    raise _unknown(system)


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


def _unknown(system: Loaded) -> InputError:
    return InputError(f"{type(system).__name__} is no model of the family", field="model")


def _stranger(system: Loaded, params: PaintingParams) -> InputError:
    return InputError(
        f"{type(params).__name__} for {type(system).__name__}",
        field="params",
        hint="ask each model with its own parameters",
    )
