"""Fourth stage: the decoder turns noise into latents.

Legend: b pictures, c latent channels, h latent rows, w latent columns, s glyph tokens, n image
tokens, d width, r reference tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from glm_image.execution.attention import kernels
from glm_image.execution.parallel import Team
from glm_image.execution.plan import DecoderPlan
from glm_image.execution.velocity import Branch, Guidance, Level, choose
from glm_image.models.dit import DiT, DiTInputs, ReferenceCache
from glm_image.models.dit_trunk import Trunk
from glm_image.pipeline.schedule import Schedule
from glm_image.types import PIXELS_PER_LATENT, Conditioning, Latents, Reference, Size

_PLAIN = DecoderPlan()
_ALONE = Team()


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
    glyph_bsd, mask_bs = pad([conditioning.glyph_sd for conditioning in conditionings])
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


class Denoising:
    """One batch on its way from noise to latents, step by step.

    Several may be under way on one decoder and take turns. Euler steps run in fp32.

    Source: Esser et al. 2024, section 2; reference behaviour: diffusers, GlmImagePipeline.

    Args:
        dit: The decoder.
        branch: What the pictures are.
        guidance: How strongly they should be it; None runs the decoder once per step.
        schedule: Timesteps and noise levels.
        start_bchw: Latents at the first noise level, see :func:`start_from`.
        plan: How the decoder runs.
        team: The processes that share the work; all of them take the same steps.
        rounding: Dtype that latents are rounded to after each step; fp32 keeps them as they are.

    Attributes:
        latents_bchw: Where the batch stands, fp32.
        done: Steps taken.
    """

    def __init__(
        self,
        dit: Trunk,
        branch: Branch,
        guidance: Guidance | None,
        schedule: Schedule,
        start_bchw: Tensor,
        plan: DecoderPlan = _PLAIN,
        team: Team = _ALONE,
        rounding: torch.dtype = torch.float32,
    ) -> None:
        self.latents_bchw = start_bchw.to(branch.inputs.glyph_bsd.device, torch.float32)
        self.done = 0
        self._plan, self._rounding = plan, rounding
        self._sigmas, self._deltas = schedule.sigmas.tolist(), schedule.sigmas.diff().tolist()
        levels = [
            Level(timestep=timestep, guided=plan.guidance_low <= sigma <= plan.guidance_high)
            for timestep, sigma in zip(schedule.timesteps.tolist(), self._sigmas[:-1], strict=True)
        ]
        self._velocity = choose(dit, branch, guidance, levels, plan, team)

    @torch.no_grad()
    def step(self) -> Step | None:
        """Take the next step; None if there is none."""
        if self.done == len(self._deltas):
            return None
        with kernels(self._plan.attention, self.latents_bchw.device):
            v_bchw = self._velocity(self.latents_bchw, self.done)
        clean_bchw = self.latents_bchw - self._sigmas[self.done] * v_bchw
        moved_bchw = self.latents_bchw + self._deltas[self.done] * v_bchw
        self.latents_bchw = moved_bchw.to(self._rounding).float()
        self.done += 1
        return Step(latents_bchw=self.latents_bchw, clean_bchw=clean_bchw)


def sample(denoising: Denoising, on_step: Callable[[Step], None]) -> list[Latents]:
    """Take all steps that are left.

    Args:
        denoising: A batch under way.
        on_step: Called after each step.

    Returns:
        One record per picture, fp32.
    """
    while (step := denoising.step()) is not None:
        on_step(step)
    return to_latents(denoising.latents_bchw)


def to_latents(latents_bchw: Tensor) -> list[Latents]:
    """One record per picture of a batch."""
    height, width = (side * PIXELS_PER_LATENT for side in latents_bchw.shape[2:])
    return [Latents(values_chw=values, size=Size(height, width)) for values in latents_bchw]


def _encode_references(dit: DiT, references: Sequence[Reference]) -> ReferenceCache | None:
    """Keys and values of one picture's sources, one source after another."""
    weight = dit.prior_token_embedding.weight
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
    weight = dit.prior_token_embedding.weight
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


def pad(glyphs: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Stack glyph states, padded on the right; the mask is None if nothing was padded."""
    glyph_bsd = pad_sequence(list(glyphs), batch_first=True)
    lengths_b1 = torch.tensor([[len(states)] for states in glyphs], device=glyph_bsd.device)
    mask_bs = torch.arange(glyph_bsd.shape[1], device=glyph_bsd.device)[None] < lengths_b1
    return glyph_bsd, None if len({len(states) for states in glyphs}) == 1 else mask_bs
