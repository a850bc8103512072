"""From what the service asks for to what an engine draws."""

from collections.abc import Sequence
from dataclasses import replace

from glm_image.engine.job import Order
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.picture import Picture
from glm_image.pipeline.request import Request, read
from glm_image.pipeline.sampling import draw
from glm_image.pipeline.system import System
from glm_image.serving.worker.codes import unpack
from glm_image.serving.worker.protocol import Submit


def order_of(system: System, asked: Submit) -> Order:
    """An order for an engine.

    Args:
        system: The model.
        asked: What the service asks for.

    Raises:
        InputError: It cannot be done as asked.
    """
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
    usual = system.sampling
    params = SamplingParams(
        steps=drawing.steps,
        guidance=drawing.guidance,
        temperature=usual.temperature if drawing.temperature is None else drawing.temperature,
        top_p=usual.top_p if drawing.top_p is None else drawing.top_p,
        top_k=usual.top_k if drawing.top_k is None else drawing.top_k,
        strength=1.0 if drawing.strength is None else drawing.strength,
    )
    return Order(pictures=_seeded(system, asked, pictures), params=params, notes=notes)


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
