"""What a request gives back: pictures, and how each of them was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from PIL import Image as PilImage
from torch import Tensor

from glm_image.image.codec import to_pil
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import PaintingParams, SamplingParams
from glm_image.pipeline.picture import Made, Picture
from glm_image.pipeline.system import System, dtype_name
from glm_image.pipeline.writing import Health
from glm_image.types import Image


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """Finished pictures, those of the first prompt first.

    Args:
        pictures: Pixels of each picture together with how it was made.
        seeds: Seed of each picture; with the same request it alone makes the picture again.
        prior_tokens: Codes ``[th, tw]`` int64 on the CPU that each picture was painted from;
            empty for a model without codes.
        health: Signs of how well the generator was for each picture; None if codes were given.
            Empty for a model without codes.
        timings: Seconds per stage, and of the whole request under ``"total"``.
        notes: What was adapted, in sentences for the user.
    """

    pictures: list[Image]
    seeds: list[int]
    prior_tokens: list[Tensor]
    health: list[Health | None]
    timings: dict[str, float]
    notes: list[str]

    @property
    def images(self) -> list[PilImage.Image]:
        """The pictures as Pillow images."""
        return [to_pil(picture) for picture in self.pictures]


def build(
    system: System,
    params: SamplingParams,
    pictures: Sequence[Picture],
    made: Sequence[Made],
    timings: dict[str, float],
    notes: list[str],
) -> Result:
    """Put the result of a request together.

    Args:
        system: The model.
        params: How pictures were sampled.
        pictures: What was asked for.
        made: What came of it, in the same order.
        timings: Seconds per stage.
        notes: What was adapted.
    """
    pairs = list(zip(pictures, made, strict=True))
    written = [one.written for one in made if one.written is not None]
    return Result(
        pictures=[
            Image(pixels=one.pixels, provenance=_provenance(system, params, picture, one, notes))
            for picture, one in pairs
        ],
        seeds=[picture.seed for picture in pictures],
        prior_tokens=[one.prior.ids_n.cpu().clone().view(one.prior.grid) for one in written],
        health=[one.health for one in written],
        timings=timings,
        notes=notes,
    )


def origin(system: Loaded, params: PaintingParams, picture: Picture) -> dict[str, object]:
    """How a picture of any model was made, in values that JSON can hold."""
    return {
        "software": _software(),
        "model": system.name,
        "dtype": dtype_name(system.device.dtype),
        "device": system.device.kind.value,
        "prompt": picture.prompt.text,
        "height": picture.output.requested.height,
        "width": picture.output.requested.width,
        "seed": picture.seed,
        "num_inference_steps": params.steps,
        "guidance_scale": params.guidance,
    }


@cache
def _software() -> str:
    """Name and version of this program; the library looks for it on the disk each time."""
    return f"glm-image {version('glm-image')}"


def _provenance(
    system: System, params: SamplingParams, picture: Picture, made: Made, notes: Sequence[str]
) -> dict[str, object]:
    """How one picture was made, in values that JSON can hold.

    Names are those of the Python call, so that the record can be fed back to it.
    """
    record = origin(system, params, picture) | {"quotes": params.quotes}
    if picture.prompt.sources:
        record["sources"] = [str(source.size) for source in picture.prompt.sources]
        record["strength"] = params.strength
    health = None if made.written is None else made.written.health
    if health is None:
        record["codes"] = "given"
    else:
        record |= {"temperature": params.temperature, "top_p": params.top_p, "top_k": params.top_k}
        record["health"] = vars(health)
    if picture.noise_chw is not None:
        record["noise"] = "given"
    if notes:
        record["notes"] = list(notes)
    return record
