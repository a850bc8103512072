"""The composition: five stages from what is asked for to pixels."""

from collections.abc import Sequence
from functools import partial

import torch
from PIL import Image as PilImage

from glm_image.pipeline import denoise, prior, stages
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.picture import Batch, Made, Picture
from glm_image.pipeline.progress import Watch
from glm_image.pipeline.system import System
from glm_image.pipeline.writing import Written


@torch.inference_mode()
def generate(
    system: System, pictures: Sequence[Picture], params: SamplingParams, watch: Watch
) -> list[Made]:
    """Make pictures of one size together: all from words alone, or all edits.

    Raises:
        InputError: A prompt is too long, or there are more steps than timesteps.
        GlmImageError: A result holds values that are no numbers.
    """
    batch = Batch.of(pictures)
    steps = stages.steps_of(system, batch.size, params)
    with watch.stage("prompt"):
        reading = stages.read(system, batch)
    written = _write(system, batch, reading, params, watch)
    with watch.stage("conditioning"):
        told = stages.tell(system, batch, written, params, reading.draws.noise_pchw)
    with watch.stage("decoder", len(steps)) as tick, system.present("decoder"):
        painting = stages.begin(system, told)
        latents = denoise.sample(
            painting, lambda step: tick(partial(_preview, system, batch, step))
        )
    with watch.stage("image"):
        pixels = stages.draw_pixels(system, batch.outputs, latents)
    return [Made(pixels=p, written=w) for p, w in zip(pixels, written, strict=True)]


def _write(
    system: System,
    batch: Batch,
    reading: stages.Reading,
    params: SamplingParams,
    watch: Watch,
) -> list[Written]:
    """Second stage: take the codes that are given, or write them."""
    if batch.given_codes:
        return prior.given(batch.given_codes, reading.sources, batch.rows, batch.prompts[0].grid)
    count = reading.requests[0].new_tokens
    with watch.stage("generator", count) as tick, system.present("generator"):
        return prior.generate(
            system.generator,
            reading.requests,
            reading.sources,
            batch.rows,
            params.sampler,
            reading.draws.uniforms_pn,
            tick,
            plan=system.plan.generator,
        )


def _preview(system: System, batch: Batch, step: denoise.Step) -> list[PilImage.Image]:
    return stages.preview(system, batch.outputs, step.clean)
