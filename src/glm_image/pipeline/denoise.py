"""Fourth stage: the decoder turns noise into latents.

Legend: b pictures, c latent channels, h latent rows, w latent columns, s glyph tokens, n image
tokens, d width, r reference tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from glm_image.models.dit import DiT, DiTInputs, ReferenceCache
from glm_image.pipeline.schedule import Schedule
from glm_image.types import PIXELS_PER_LATENT, Conditioning, Latents, Reference, Size


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One way to ask the decoder: a value of its conditions for the whole batch.

    Args:
        inputs: Glyphs, codes and sizes.
        references: Keys and values of the source images, if this branch sees them.
    """

    inputs: DiTInputs
    references: ReferenceCache | None = None


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Classifier-free guidance.

    Source: Ho & Salimans 2022, equation 6.

    Args:
        scale: Weight of the difference, above 1.
        unconditional: The branch without texts, codes and references.
    """

    scale: float
    unconditional: Branch


@dataclass(frozen=True, kw_only=True)
class Step:
    """A batch after one step.

    Args:
        latents_bchw: ``[B, C, H/8, W/8]`` fp32.
        clean_bchw: What the decoder takes the finished latents to be, like ``latents_bchw``.
    """

    latents_bchw: Tensor
    clean_bchw: Tensor

    @property
    def clean(self) -> list[Latents]:
        """What the finished latents seem to be, one record per picture."""
        return to_latents(self.clean_bchw)


def start_from(schedule: Schedule, noise_bchw: Tensor, source_bchw: Tensor) -> Tensor:
    """Latents between a source and noise, fp32, at the first noise level of the schedule.

    At level 1 this is the noise, exactly.

    Args:
        schedule: The steps that will run.
        noise_bchw: Standard normal noise.
        source_bchw: Latents to start from.
    """
    sigma = float(schedule.sigmas[0])
    return (1.0 - sigma) * source_bchw + sigma * noise_bchw


@torch.no_grad()
def conditional(dit: DiT, conditionings: Sequence[Conditioning]) -> Branch:
    """The branch that is told everything.

    Source images are encoded here, once for all steps and once for all pictures that share them.
    """
    caches: dict[int, ReferenceCache | None] = {}
    for conditioning in conditionings:
        key = id(conditioning.references)
        if key not in caches:
            caches[key] = _encode_references(dit, conditioning.references)
    rows = [caches[id(conditioning.references)] for conditioning in conditionings]
    glyph_bsd, mask_bs = _pad([conditioning.glyph_sd for conditioning in conditionings])
    return Branch(
        inputs=_inputs(dit, conditionings, glyph_bsd, glyph_mask_bs=mask_bs),
        references=ReferenceCache.stack(rows) if any(row is not None for row in rows) else None,
    )


def guide(
    dit: DiT, conditionings: Sequence[Conditioning], empty_sd: Tensor, scale: float
) -> Guidance | None:
    """Guidance of a weight; None if the weight asks for none.

    The comparison knows neither texts nor codes nor sources, only the size. Its codes are dropped
    inside the decoder, where the projector's biases remain.

    Args:
        dit: The decoder.
        conditionings: The pictures.
        empty_sd: Glyph states of the empty text.
        scale: Weight of the difference; up to 1 the decoder runs once per step.
    """
    if scale <= 1:
        return None
    inputs = _inputs(dit, conditionings, empty_sd.expand(len(conditionings), -1, -1))
    dropped_bn = torch.ones_like(inputs.prior_ids_bn, dtype=torch.bool)
    unconditional = Branch(inputs=replace(inputs, prior_drop_bn=dropped_bn))
    return Guidance(scale=scale, unconditional=unconditional)


def velocity(
    dit: DiT, latents_bchw: Tensor, timestep: float, branch: Branch, guidance: Guidance | None
) -> Tensor:
    """Direction from data to noise, fp32 ``[B, C, H/8, W/8]``.

    Args:
        dit: The decoder.
        latents_bchw: Noisy latents.
        timestep: Noise level on the unshifted grid, 0 to 1000.
        branch: What the pictures are.
        guidance: Weight and branch of the comparison; None runs the decoder once.
    """
    weight = dit.proj_out.weight
    model_bchw = latents_bchw.to(weight.dtype)
    timestep_b = torch.full((len(latents_bchw),), timestep, device=weight.device)
    v_bchw: Tensor = dit(
        model_bchw, branch.inputs, timestep_b=timestep_b, references=branch.references
    ).float()
    if guidance is None:
        return v_bchw
    without = guidance.unconditional
    base_bchw: Tensor = dit(
        model_bchw, without.inputs, timestep_b=timestep_b, references=without.references
    ).float()
    return base_bchw + guidance.scale * (v_bchw - base_bchw)


@torch.no_grad()
def sample(
    dit: DiT,
    start_bchw: Tensor,
    schedule: Schedule,
    branch: Branch,
    guidance: Guidance | None,
    on_step: Callable[[Step], None],
) -> list[Latents]:
    """Follow the velocity from noise to latents with Euler steps in fp32.

    Source: Esser et al. 2024, section 2; reference behaviour: diffusers, GlmImagePipeline.

    Args:
        dit: The decoder.
        start_bchw: Latents at the first noise level, see :func:`start_from`.
        schedule: Timesteps and noise levels.
        branch: What the pictures are.
        guidance: How strongly they should be it.
        on_step: Called after each step.

    Returns:
        One record per picture, fp32.
    """
    latents_bchw = start_bchw.to(dit.proj_out.weight.device, torch.float32)
    sigmas, deltas = schedule.sigmas.tolist(), schedule.sigmas.diff().tolist()
    for timestep, sigma, delta in zip(schedule.timesteps.tolist(), sigmas, deltas, strict=False):
        v_bchw = velocity(dit, latents_bchw, timestep, branch, guidance)
        clean_bchw = latents_bchw - sigma * v_bchw
        latents_bchw = latents_bchw + delta * v_bchw
        on_step(Step(latents_bchw=latents_bchw, clean_bchw=clean_bchw))
    return to_latents(latents_bchw)


def to_latents(latents_bchw: Tensor) -> list[Latents]:
    """One record per picture of a batch."""
    height, width = (side * PIXELS_PER_LATENT for side in latents_bchw.shape[2:])
    return [Latents(values_chw=values, size=Size(height, width)) for values in latents_bchw]


def _encode_references(dit: DiT, references: Sequence[Reference]) -> ReferenceCache | None:
    """Keys and values of one picture's sources, one source after another."""
    weight = dit.proj_out.weight
    caches = [
        dit.encode_reference(
            reference.latents_chw[None].to(weight.device, weight.dtype),
            reference.prior_ids_n[None].to(weight.device),
            torch.tensor([reference.size], dtype=torch.float32, device=weight.device),
        )
        for reference in references
    ]
    return ReferenceCache.concatenate(caches) if caches else None


def _inputs(
    dit: DiT,
    conditionings: Sequence[Conditioning],
    glyph_bsd: Tensor,
    *,
    glyph_mask_bs: Tensor | None = None,
) -> DiTInputs:
    weight = dit.proj_out.weight
    ids_bn = torch.stack([conditioning.prior_ids_n for conditioning in conditionings])
    sizes = [conditioning.size for conditioning in conditionings]
    sizes_b2 = torch.tensor(sizes, dtype=torch.float32, device=weight.device)
    return DiTInputs(
        glyph_bsd=glyph_bsd.to(weight.device, weight.dtype),
        glyph_mask_bs=glyph_mask_bs,
        prior_ids_bn=ids_bn.to(weight.device),
        prior_drop_bn=None,
        target_size_b2=sizes_b2,
        crop_b2=torch.zeros_like(sizes_b2),
    )


def _pad(glyphs: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Stack glyph states, padded on the right; the mask is None if nothing was padded."""
    glyph_bsd = pad_sequence(list(glyphs), batch_first=True)
    lengths_b1 = torch.tensor([[len(states)] for states in glyphs], device=glyph_bsd.device)
    mask_bs = torch.arange(glyph_bsd.shape[1], device=glyph_bsd.device)[None] < lengths_b1
    return glyph_bsd, None if len({len(states) for states in glyphs}) == 1 else mask_bs
