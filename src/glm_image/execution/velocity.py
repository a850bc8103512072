"""The velocity of a batch at every step of one run, computed as the decoder's plan says.

Legend: b pictures, c latent channels, h latent rows, w latent columns, n image tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from glm_image.execution.packing import Pack, modulate, one_size
from glm_image.execution.parallel import Team
from glm_image.execution.plan import DecoderPlan
from glm_image.execution.step_cache import StepCache
from glm_image.models.dit_inputs import ReferenceCache, TextInputs
from glm_image.models.dit_prepared import Modulations
from glm_image.models.dit_trunk import Trunk


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One way to ask the decoder: a value of its conditions for the whole batch.

    Args:
        inputs: Glyphs, codes and sizes.
        references: Keys and values of the source images, if this branch sees them.
    """

    inputs: TextInputs
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

    def mix(self, told: Tensor, untold: Tensor) -> Tensor:
        """The guided velocity, of velocities with and without the conditions."""
        return untold + self.scale * (told - untold)


@dataclass(frozen=True, kw_only=True)
class Level:
    """What the decoder is told at one step.

    Args:
        timestep: Noise level on the unshifted grid, 0 to 1000.
        guided: Whether the guidance acts at this step.
    """

    timestep: float
    guided: bool = True


class Velocity(Protocol):
    """Direction from data to noise at the steps of one run."""

    def __call__(self, latents_bchw: Tensor, step: int) -> Tensor:
        """Give the velocity ``[b, c, h, w]`` fp32 of noisy latents.

        Args:
            latents_bchw: Noisy latents, fp32.
            step: Index of the noise level, from 0. Steps run in order.
        """


def choose(
    dit: Trunk,
    branch: Branch,
    guidance: Guidance | None,
    levels: Sequence[Level],
    plan: DecoderPlan,
    team: Team,
) -> Velocity:
    """The velocity of one run as a plan wants it computed.

    Args:
        dit: The decoder, its layers already chosen.
        branch: What the pictures are.
        guidance: Weight and branch of the comparison; None runs the decoder once per step.
        levels: Noise levels of the steps.
        plan: How the decoder runs.
        team: The processes that share the work.
    """
    if plan.packed or plan.hoisted or plan.step_cache or not team.is_alone:
        return Packed(dit, branch, guidance, levels, plan, team)
    return Plain(dit, branch, guidance, levels)


class Plain:
    """Whole passes of the decoder, one per branch and step; the arguments of :func:`choose`."""

    def __init__(
        self, dit: Trunk, branch: Branch, guidance: Guidance | None, levels: Sequence[Level]
    ) -> None:
        self._dit, self._branch, self._guidance, self._levels = dit, branch, guidance, levels

    def __call__(self, latents_bchw: Tensor, step: int) -> Tensor:
        """Run the branches one after another."""
        level = self._levels[step]
        told_bchw = self._run(self._branch, latents_bchw, level)
        if self._guidance is None or not level.guided:
            return told_bchw
        return self._guidance.mix(
            told_bchw, self._run(self._guidance.unconditional, latents_bchw, level)
        )

    def _run(self, branch: Branch, latents_bchw: Tensor, level: Level) -> Tensor:
        glyph_bsd = branch.inputs.glyph_bsd
        timestep_b = torch.full((len(latents_bchw),), level.timestep, device=glyph_bsd.device)
        velocity_bchw: Tensor = self._dit(
            latents_bchw.to(glyph_bsd.dtype),
            branch.inputs,
            timestep_b=timestep_b,
            references=branch.references,
        )
        return velocity_bchw.float()


class Packed:
    """Passes over pictures laid end to end; the arguments of :func:`choose`.

    With ``plan.packed`` both branches share a pass, else each has its own. With ``plan.hoisted``
    what does not change between steps is kept, else it is computed at each step. Processes that
    share the branches of guidance run one each and tell each other the result.

    Raises:
        ShapeError: The pictures differ in size.
    """

    def __init__(
        self,
        dit: Trunk,
        branch: Branch,
        guidance: Guidance | None,
        levels: Sequence[Level],
        plan: DecoderPlan,
        team: Team,
    ) -> None:
        self._dit, self._guidance, self._levels, self._plan = dit, guidance, levels, plan
        self._team = team
        branches = [branch] if guidance is None else [branch, guidance.unconditional]
        rows = [(one.inputs, one.references) for one in branches]
        self._shares = guidance is not None and team.guidance.size > 1
        if self._shares:
            rows = [rows[team.guidance.rank]]
        self._groups = [rows] if plan.packed else [[row] for row in rows]
        self._caches = [StepCache(plan.step_cache, team.sequence) for _ in self._groups]
        self._size = one_size([one.inputs for one in branches])
        self._packs: list[Pack] = []
        self._modulations: Modulations | None = None

    @property
    def skipped(self) -> int:
        """Passes of which only the first block ran."""
        return sum(cache.skipped for cache in self._caches)

    def __call__(self, latents_bchw: Tensor, step: int) -> Tensor:
        """Run one pass over all branches, or one over each."""
        if not self._packs or not self._plan.hoisted:
            height, width = latents_bchw.shape[2:]
            self._packs = [
                Pack(self._dit, group, height, width, self._team.sequence) for group in self._groups
            ]
        if self._plan.hoisted:
            # References live in the packs now; here they would be held twice.
            self._groups.clear()
        guidance = self._guidance if self._levels[step].guided else None
        count = 1 if guidance is None else 2
        run = self._run_shared if self._shares else self._run
        told_bchw, *untold = run(latents_bchw, step, count)
        return told_bchw if guidance is None else guidance.mix(told_bchw, *untold)

    def _run(self, latents_bchw: Tensor, step: int, count: int) -> list[Tensor]:
        """Velocities of the first branches."""
        modulations = self._modulate(step)
        return [
            velocity_bchw
            for pack, cache in zip(self._packs[:count], self._caches[:count], strict=True)
            for velocity_bchw in pack.run(latents_bchw, modulations, cache, count)
        ]

    def _run_shared(self, latents_bchw: Tensor, step: int, count: int) -> list[Tensor]:
        """Velocities of the first branches, of which each process runs its own."""
        group = self._team.guidance
        own_bchw = torch.zeros_like(latents_bchw)
        if group.rank < count:
            (own_bchw,) = self._run(latents_bchw, step, 1)
        if count == 1:
            return [group.spread(own_bchw.contiguous())]
        return list(group.gather(own_bchw))

    def _modulate(self, step: int) -> Modulations:
        """Modulations of one step, out of those of all steps if they are kept."""
        if not self._plan.hoisted:
            return modulate(self._dit, [self._levels[step].timestep], self._size)
        if self._modulations is None:
            timesteps = [level.timestep for level in self._levels]
            self._modulations = modulate(self._dit, timesteps, self._size)
        return self._modulations.rows(step, step + 1)
