"""What is done to the pictures of a batch, stage by stage.

:mod:`glm_image.pipeline.generate` does it for one batch in a row, the engine for many at once.

Legend: p pictures, c latent channels, h latent rows, w latent columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage
from torch import Tensor

from glm_image.execution.velocity import Branch, Guidance
from glm_image.image.size import OutputPlan
from glm_image.pipeline import condition, decode, denoise, prompt
from glm_image.pipeline.denoise import Denoising
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.picture import Batch
from glm_image.pipeline.sampling import Draws, draw
from glm_image.pipeline.schedule import Schedule, schedule
from glm_image.pipeline.system import System
from glm_image.pipeline.writing import Written
from glm_image.types import GeneratorInput, Latents, PriorTokens, Prompt, Size


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What the generator works from.

    Args:
        requests: Ids of each distinct prompt.
        sources: Codes of its sources.
        draws: Randomness of each picture.
    """

    requests: tuple[GeneratorInput, ...]
    sources: tuple[tuple[PriorTokens, ...], ...]
    draws: Draws


def encode(system: System, asked: Prompt) -> GeneratorInput:
    """The ids of a prompt.

    Raises:
        InputError: Prompt and picture are too long for the model.
    """
    return prompt.encode(system.text_tokenizer, asked, system.max_tokens)


def steps_of(system: System, size: Size, params: SamplingParams) -> Schedule:
    """The steps that pictures of a size take.

    Raises:
        InputError: There are more steps than timesteps.
    """
    return schedule(*size, params.steps, system.schedule).last(params.strength)


@torch.inference_mode()
def read(system: System, batch: Batch) -> Reading:
    """First stage: read prompts and sources, and draw all randomness.

    Raises:
        InputError: A prompt is too long.
    """
    with system.present(*(["generator"] if batch.prompts[0].sources else [])):
        requests = tuple(encode(system, asked) for asked in batch.prompts)
        sources = tuple(prompt.read_sources(system.generator, asked) for asked in batch.prompts)
        draws = draw(batch.seeds, system.latent_shape(batch.size), requests[0].new_tokens)
    return Reading(requests=requests, sources=sources, draws=draws)


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """All that the decoder is told about a batch.

    Args:
        branch: What the pictures are.
        guidance: How strongly they should be it.
        steps: Timesteps and noise levels.
        start_pchw: Latents at the first noise level.
        rounding: Dtype that latents are rounded to after each step.
    """

    branch: Branch
    guidance: Guidance | None
    steps: Schedule
    start_pchw: Tensor
    rounding: torch.dtype = torch.float32


@torch.inference_mode()
def tell(
    system: System,
    batch: Batch,
    written: Sequence[Written],
    params: SamplingParams,
    noise_pchw: Tensor,
) -> Told:
    """Third stage: put together what the decoder is told.

    Args:
        system: The model.
        batch: The pictures.
        written: Codes of each picture.
        params: How they are sampled.
        noise_pchw: Drawn noise of each picture; given noise goes first.
    """
    steps = steps_of(system, batch.size, params)
    with system.present("glyph encoder", "autoencoder", "decoder"):
        priors = [codes.prior for codes in written]
        told = condition.build(
            system.glyph_encoder, system.vae, batch.prompts, batch.rows, priors, params.quotes
        )
        branch = denoise.conditional(system.dit, told)
        empty_sd = condition.encode_texts(system.glyph_encoder, [])
        guidance = denoise.guide(system.dit, told, empty_sd, params.guidance)
        start_pchw = _start(system, batch, steps, batch.noise(noise_pchw))
    return Told(branch=branch, guidance=guidance, steps=steps, start_pchw=start_pchw)


@torch.inference_mode()
def begin(system: Loaded, told: Told) -> Denoising:
    """Open the fourth stage, in which the decoder paints step by step."""
    with system.present("decoder"):
        return Denoising(
            system.dit,
            told.branch,
            told.guidance,
            told.steps,
            told.start_pchw,
            system.plan.decoder,
            system.team,
            told.rounding,
        )


@torch.inference_mode()
def draw_pixels(
    system: Loaded, outputs: Sequence[OutputPlan], latents: Sequence[Latents]
) -> list[NDArray[np.uint8]]:
    """Fifth stage: draw latents as pixels.

    Raises:
        GlmImageError: A picture holds values that are no numbers.
    """
    with system.present("autoencoder"):
        return decode.to_pixels(system.vae, outputs, latents, system.plan.autoencoder)


def preview(
    system: Loaded, outputs: Sequence[OutputPlan], latents: Sequence[Latents]
) -> list[PilImage.Image]:
    """What can be seen of pictures that are not finished."""
    return [PilImage.fromarray(pixels) for pixels in draw_pixels(system, outputs, latents)]


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
