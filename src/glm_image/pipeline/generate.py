"""The composition: five stages from what is asked for to pixels."""

from collections.abc import Sequence
from functools import partial

import torch
from PIL import Image as PilImage
from torch import Tensor

from glm_image.pipeline import condition, decode, denoise, prior, prompt
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.picture import Batch, Made, Picture
from glm_image.pipeline.progress import Watch
from glm_image.pipeline.sampling import draw
from glm_image.pipeline.schedule import Schedule, schedule
from glm_image.pipeline.system import System
from glm_image.types import Latents


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
    prompts, rows = batch.prompts, batch.rows
    steps = schedule(*batch.size, params.steps, system.schedule).last(params.strength)
    with watch.stage("prompt"), system.present(*(["generator"] if prompts[0].sources else [])):
        requests = [prompt.encode(system.text_tokenizer, p, system.max_tokens) for p in prompts]
        sources = [prompt.read_sources(system.generator, p) for p in prompts]
        draws = draw(batch.seeds, system.latent_shape(batch.size), requests[0].new_tokens)
    if batch.given_codes:
        written = prior.given(batch.given_codes, sources, rows, prompts[0].grid)
    else:
        with watch.stage("generator", requests[0].new_tokens) as tick, system.present("generator"):
            written = prior.generate(
                system.generator,
                requests,
                sources,
                rows,
                params.sampler,
                draws.uniforms_pn,
                tick,
                plan=system.plan.generator,
            )
    with watch.stage("conditioning"), system.present("glyph encoder", "autoencoder", "decoder"):
        priors = [codes.prior for codes in written]
        told = condition.build(
            system.glyph_encoder, system.vae, prompts, rows, priors, params.quotes
        )
        branch = denoise.conditional(system.dit, told)
        empty_sd = condition.encode_texts(system.glyph_encoder, [])
        guidance = denoise.guide(system.dit, told, empty_sd, params.guidance)
        start_pchw = _start(system, batch, steps, batch.noise(draws.noise_pchw))
    with watch.stage("decoder", len(steps)) as tick, system.present("decoder"):
        paint = partial(_paint, system, batch)
        denoising = denoise.Denoising(
            system.dit, branch, guidance, steps, start_pchw, system.plan.decoder
        )
        latents = denoise.sample(denoising, lambda step: tick(partial(paint, step.clean)))
    with watch.stage("image"), system.present("autoencoder"):
        pixels = decode.to_pixels(system.vae, batch.outputs, latents, system.plan.autoencoder)
    return [Made(pixels=p, written=w) for p, w in zip(pixels, written, strict=True)]


def _paint(system: System, batch: Batch, latents: Sequence[Latents]) -> list[PilImage.Image]:
    """What can be seen of pictures that are not finished."""
    with system.present("autoencoder"):
        return decode.to_pil(system.vae, batch.outputs, latents)


def _start(system: System, batch: Batch, steps: Schedule, noise_pchw: Tensor) -> Tensor:
    """Latents to start from: noise, or for an edit of small strength partly the source."""
    if steps.starts_from_noise:
        return noise_pchw
    outputs = dict(zip(batch.rows, batch.outputs, strict=True))
    starts = {
        row: condition.encode_start(system.vae, batch.prompts[row].sources[0], output)
        for row, output in outputs.items()
    }
    source_pchw = torch.stack([starts[row] for row in batch.rows])
    return denoise.start_from(steps, noise_pchw.to(source_pchw.device), source_pchw)
