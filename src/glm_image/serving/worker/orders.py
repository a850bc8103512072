"""From what the service asks for to what an engine draws."""

from collections.abc import Sequence
from dataclasses import replace

from glm_image.engine.job import Order
from glm_image.errors import InputError
from glm_image.pipeline import cogview4_request
from glm_image.pipeline.cogview4 import CogView4System
from glm_image.pipeline.cogview4_request import CogView4Request
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import CogView4Params, SamplingParams
from glm_image.pipeline.picture import Picture
from glm_image.pipeline.request import Request, read
from glm_image.pipeline.sampling import draw
from glm_image.pipeline.system import System
from glm_image.serving.worker.codes import unpack
from glm_image.serving.worker.protocol import Submit


def order_of(system: Loaded, asked: Submit) -> Order:
    """An order for an engine.

    Args:
        system: The model.
        asked: What the service asks for.

    Raises:
        InputError: It cannot be done as asked.
    """
    if isinstance(system, System):
        return _with_codes(system, asked)
    if isinstance(system, CogView4System):
        return _without_codes(system, asked)
    raise InputError(f"{type(system).__name__} takes no orders", field="model")


def _with_codes(system: System, asked: Submit) -> Order:
    """An order to GLM-Image."""
    drawing = asked.drawing
    request = Request(
        prompt=drawing.prompt,
        image=list(asked.sources) or None,
        height=drawing.height,
        width=drawing.width,
        seeds=list(drawing.seeds),
        num_images=drawing.count,
    )
    pictures, notes = read(system, request)
    usual = system.usual
    params = SamplingParams(
        steps=drawing.steps,
        guidance=drawing.guidance,
        temperature=usual.temperature if drawing.temperature is None else drawing.temperature,
        top_p=usual.top_p if drawing.top_p is None else drawing.top_p,
        top_k=usual.top_k if drawing.top_k is None else drawing.top_k,
        strength=1.0 if drawing.strength is None else drawing.strength,
    )
    return Order(pictures=_seeded(system, asked, pictures), params=params, notes=notes)


def _without_codes(system: CogView4System, asked: Submit) -> Order:
    """An order to CogView4, which starts from a picture by its strength."""
    drawing = asked.drawing
    request = CogView4Request(
        prompt=drawing.prompt,
        image=asked.sources[0] if asked.sources else None,
        height=drawing.height,
        width=drawing.width,
        seeds=list(drawing.seeds),
        num_images=drawing.count,
    )
    pictures, notes = cogview4_request.read(system, request)
    params = CogView4Params(
        steps=drawing.steps,
        guidance=drawing.guidance,
        strength=cogview4_request.strength_of(drawing.strength, from_picture=bool(asked.sources)),
    )
    return Order(pictures=pictures, params=params, notes=notes)


def _seeded(system: System, asked: Submit, pictures: Sequence[Picture]) -> list[Picture]:
    """Pictures with the codes of an earlier attempt, or with the layout of another seed."""
    layouts = asked.drawing.layout_seeds or asked.drawing.seeds
    codes = [*asked.codes, *[None] * (len(pictures) - len(asked.codes))]
    seeded = []
    for picture, layout, written in zip(pictures, layouts, codes, strict=True):
        if written is not None:
            ids_n = unpack(written, picture.prompt.grid, system.num_codes)
            seeded.append(replace(picture, codes_n=ids_n))
        elif layout != picture.seed:
            # The layout is what the generator draws from its seed, the details are the noise.
            shape = system.latent_shape(picture.prompt.size)
            noise_chw = draw([picture.seed], shape, 1).noise_pchw[0]
            seeded.append(replace(picture, seed=layout, noise_chw=noise_chw))
        else:
            seeded.append(picture)
    return seeded
