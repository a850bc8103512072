"""CogView4 in one screen: where its pictures differ from those of GLM-Image.

Its prompt goes through a text encoder instead of a generator of codes, its decoder is told the
prompt, a negative prompt and a third size, and an edit starts from a picture by its strength. What
comes after, the steps of the decoder and the drawing of pixels, is shared.

Legend: t tokens, s padded tokens, d width, p pictures, c latent channels, h latent rows, w latent
columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glm_image.checkpoint import cogview4
from glm_image.checkpoint.cogview4 import CogView4Components
from glm_image.checkpoint.settings import PIPELINE as GLM_IMAGE
from glm_image.device import Device
from glm_image.errors import CheckpointError, InputError
from glm_image.execution.auto import Asked
from glm_image.execution.velocity import Branch, Guidance
from glm_image.image.size import OutputPlan
from glm_image.image.size_rule import SizeRule
from glm_image.models.cogview4_dit import CogView4DiT, CogView4Inputs
from glm_image.models.text_encoder import TextEncoder
from glm_image.models.vae import Vae
from glm_image.pipeline import denoise, stages
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import CogView4Params
from glm_image.pipeline.picture import Picture
from glm_image.pipeline.progress import Watch
from glm_image.pipeline.schedule import Schedule, cogview4_schedule
from glm_image.tokenizer.padded import PaddedTokenizer
from glm_image.types import PIXELS_PER_LATENT, CogView4Prompt, Size


@dataclass(frozen=True, kw_only=True)
class CogView4System(Loaded, CogView4Components):
    """Everything that a request to CogView4 needs."""

    dit: CogView4DiT

    @classmethod
    def load(
        cls, folder: Path, name: str, device: Device, *, plan: Asked = None
    ) -> "CogView4System":
        """Load a checkpoint.

        Raises:
            CheckpointError: Configs or weights are wrong; every problem is listed.
            PlanError: The plan does not work on the device.
        """
        if cogview4.kind(folder) == GLM_IMAGE:
            raise CheckpointError(
                f"{folder} is for {GLM_IMAGE}, and only CogView4 is meant here",
                field="model",
                hint="load it by glm_image.load or GlmImagePipeline",
            )
        return cls.of(cogview4.outline(folder), name, device).filled(folder, plan)

    @classmethod
    def of(cls, parts: CogView4Components, name: str, device: Device) -> "CogView4System":
        """Give the parts of a checkpoint a name and a device."""
        values = {field.name: getattr(parts, field.name) for field in fields(parts)}
        return cls(**values, name=name, device=device)

    @property
    def rule(self) -> SizeRule:
        """Which sizes the model was trained for."""
        return SizeRule(side=self.dit.config.sample_size * PIXELS_PER_LATENT)

    @property
    def default_size(self) -> Size:
        """Size of a picture if nobody names one."""
        return Size(self.rule.side, self.rule.side)

    @property
    def sides(self) -> tuple[int, int]:
        """Least and greatest side of a picture in pixels."""
        return self.rule.sides

    @property
    def takes_control(self) -> bool:
        """Whether pictures are drawn after a control picture."""
        return self.dit.config.takes_control

    def check_size(self, size: Size, field: str) -> None:
        """Refuse a size that the model was not trained for.

        Raises:
            InputError: The size is out of the rule.
        """
        self.rule.check(size, field=field)


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Randomness of one picture, on the CPU.

    Args:
        noise_chw: Standard normal, to start from.
        control_chw: Standard normal, to sample the latents of a control picture with.
    """

    noise_chw: Tensor
    control_chw: Tensor


def draw(picture: Picture, shape: tuple[int, int, int]) -> Draws:
    """Draw from a generator of the picture's own; the noise comes first, and may be given."""
    generator = torch.Generator().manual_seed(picture.seed)
    noise_chw = torch.randn(shape, generator=generator, dtype=torch.float32)
    control_chw = torch.randn(shape, generator=generator, dtype=torch.float32)
    given_chw = picture.noise_chw
    return Draws(noise_chw=noise_chw if given_chw is None else given_chw, control_chw=control_chw)


@torch.inference_mode()
def encode_texts(
    encoder: TextEncoder, tokenizer: PaddedTokenizer, texts: Sequence[str], device: Device
) -> dict[str, Tensor]:
    """States ``[S, D]`` of each distinct text.

    Each is encoded alone, so that no text is changed by the length of its neighbours: the padding
    of a batch is seen by its shorter texts.
    """
    states = {}
    for text in dict.fromkeys(texts):
        ids_1s = torch.tensor([tokenizer.padded(text).ids], device=device.torch_device)
        states[text] = encoder(ids_1s)[0]
    return states


def read(
    system: CogView4System, pictures: Sequence[Picture], params: CogView4Params
) -> dict[str, Tensor]:
    """States of all texts that the decoder is going to be told."""
    prompts = prompts_of(pictures)
    texts = [prompt.text for prompt in prompts]
    if params.guidance > 1:
        texts += [prompt.negative for prompt in prompts]
    with system.present(system.LANGUAGE):
        return encode_texts(system.text_encoder, system.tokenizer, texts, system.device)


@torch.inference_mode()
def tell(
    system: CogView4System,
    pictures: Sequence[Picture],
    params: CogView4Params,
    states: dict[str, Tensor],
) -> stages.Told:
    """Put together what the decoder is told, with and without the prompts."""
    prompts = prompts_of(pictures)
    steps = steps_of(system, prompts[0].size, params)
    draws = [draw(picture, system.latent_shape(prompts[0].size)) for picture in pictures]
    noise_pchw = torch.stack([one.noise_chw for one in draws])
    control_pchw = _controls(system.vae, prompts, draws)
    build = partial(_inputs, system, prompts, control_pchw)
    branch = Branch(inputs=build([states[prompt.text] for prompt in prompts]))
    guidance = None
    if params.guidance > 1:
        negative = Branch(inputs=build([states[prompt.negative] for prompt in prompts]))
        guidance = Guidance(scale=params.guidance, unconditional=negative)
    if not steps.starts_from_noise:
        source_pchw = torch.stack([_start(system.vae, prompt) for prompt in prompts])
        noise_pchw = denoise.start_from(steps, noise_pchw.to(source_pchw.device), source_pchw)
    return stages.Told(
        branch=branch,
        guidance=guidance,
        steps=steps,
        start_pchw=noise_pchw,
        rounding=system.device.dtype if params.compat else torch.float32,
    )


def steps_of(system: CogView4System, size: Size, params: CogView4Params) -> Schedule:
    """The steps that pictures of a size take.

    Raises:
        InputError: There are more steps than timesteps.
    """
    return cogview4_schedule(*size, params.steps, system.schedule).last(params.strength)


@torch.inference_mode()
def generate(
    system: CogView4System, pictures: Sequence[Picture], params: CogView4Params, watch: Watch
) -> list[NDArray[np.uint8]]:
    """Make pictures of one size together.

    Raises:
        GlmImageError: A result holds values that are no numbers.
    """
    outputs = [picture.output for picture in pictures]
    with watch.stage("prompt"):
        states = read(system, pictures, params)
    with watch.stage("conditioning"), system.present("autoencoder", "decoder"):
        told = tell(system, pictures, params, states)
    with watch.stage("decoder", len(told.steps)) as tick, system.present("decoder"):
        painting = stages.begin(system, told)
        latents = denoise.sample(
            painting, lambda step: tick(partial(stages.preview, system, outputs, step.clean))
        )
    with watch.stage("image"):
        return stages.draw_pixels(system, outputs, latents)


def prompts_of(pictures: Sequence[Picture]) -> list[CogView4Prompt]:
    """What is asked for, picture by picture."""
    return [picture.prompt for picture in pictures if isinstance(picture.prompt, CogView4Prompt)]


def _inputs(
    system: CogView4System,
    prompts: Sequence[CogView4Prompt],
    control_pchw: Tensor | None,
    states: Sequence[Tensor],
) -> CogView4Inputs:
    text_psd, mask_ps = denoise.pad(states)
    device, dtype = system.dit.device, system.dit.dtype

    def numbers(pairs: Sequence[tuple[int, int]]) -> Tensor:
        return torch.tensor(pairs, dtype=torch.float32, device=device)

    return CogView4Inputs(
        glyph_bsd=text_psd.to(device, dtype),
        glyph_mask_bs=None if mask_ps is None else mask_ps.to(device),
        target_size_b2=numbers([prompt.size for prompt in prompts]),
        crop_b2=numbers([prompt.crop for prompt in prompts]),
        original_size_b2=numbers([prompt.original_size for prompt in prompts]),
        control_bchw=None if control_pchw is None else control_pchw.to(device, dtype),
    )


def _controls(vae: Vae, prompts: Sequence[CogView4Prompt], draws: Sequence[Draws]) -> Tensor | None:
    """Latents of the control pictures, sampled with each picture's own noise."""
    latents = []
    for prompt, one in zip(prompts, draws, strict=True):
        if prompt.control_chw is not None:
            pixels_bchw = _as_weights(vae, prompt.control_chw)
            latents.append(sample_latents(vae, pixels_bchw, one.control_chw[None])[0])
    return torch.stack(latents) if latents else None


def sample_latents(vae: Vae, pixels_bchw: Tensor, noise_bchw: Tensor) -> Tensor:
    """Latents drawn from what the encoder says of pictures.

    Args:
        vae: The autoencoder.
        pixels_bchw: Pictures ``[b, 3, h, w]`` in [-1, 1], where and as the weights are.
        noise_bchw: Standard normal, of the shape of the latents.
    """
    mean_bchw, logvar_bchw = vae.encode_moments(pixels_bchw)
    noise_bchw = noise_bchw.to(mean_bchw.device, mean_bchw.dtype)
    return vae.normalize(mean_bchw + torch.exp(0.5 * logvar_bchw) * noise_bchw)


def _start(vae: Vae, prompt: CogView4Prompt) -> Tensor:
    """Latents fp32 of the picture that an edit starts from."""
    pixels_chw = prompt.start_chw
    if pixels_chw is None:
        raise InputError("it is missing", field="image", hint="give one, or strength 1")
    return vae.normalize(vae.encode(_as_weights(vae, pixels_chw)))[0].float()


def _as_weights(vae: Vae, pixels_chw: Tensor) -> Tensor:
    """Pixels as a batch of one, where and as the weights are."""
    weight = vae.encoder.conv_in.weight
    return pixels_chw[None].to(weight.device, weight.dtype)


def whole(size: Size) -> OutputPlan:
    """A picture that is generated as it is asked for."""
    return OutputPlan(requested=size, generated=size)
