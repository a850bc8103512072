"""Passes of the decoder over pictures and branches laid end to end, without padding.

Segments are the glyph and image tokens of one picture in one branch. Segments of equal make lie
next to each other and form a run, so that one call attends for all of them and no token is moved
for it. What is done to the tokens is in :mod:`.body`.

Legend: b pictures, c latent channels, h latent rows, w latent columns, n image tokens of a
picture, s glyph tokens of a segment, r reference tokens of a segment, l tokens of all segments, t
tokens that this process holds, d channels, a heads, k head channels, m segments of a run.
"""

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.execution.body import Body, Layout, Run, fold, normalise
from glm_image.execution.parallel import Group
from glm_image.execution.parallel_dit import Stretch, own_heads
from glm_image.execution.step_cache import StepCache
from glm_image.models.dit_block import KeyValue
from glm_image.models.dit_inputs import ReferenceCache, TextInputs
from glm_image.models.dit_prepared import Modulations
from glm_image.models.dit_trunk import Trunk

Conditions = tuple[TextInputs, ReferenceCache | None]
"""What one branch knows about the pictures of a batch."""


def one_size(branches: Sequence[TextInputs]) -> Tensor:
    """Crop and size ``[1, k]`` that all pictures share.

    Raises:
        ShapeError: They do not share them.
    """
    sizes_1k = branches[0].sizes_bk[:1]
    for inputs in branches:
        if bool((inputs.sizes_bk != sizes_1k).any()):
            raise ShapeError(
                "pictures of one pass differ in size or crop",
                field="target_size_b2",
                hint="make pictures of different sizes one after another",
            )
    return sizes_1k


def modulate(dit: Trunk, timesteps: Sequence[float], sizes_1k: Tensor) -> Modulations:
    """Modulations of noise levels, one row each, in which scales already count from 1.

    Args:
        dit: The decoder.
        timesteps: Noise levels on the unshifted grid, 0 to 1000.
        sizes_1k: What :func:`one_size` gives.
    """
    sizes_tk = sizes_1k.expand(len(timesteps), -1)
    timestep_t = torch.tensor(timesteps, dtype=torch.float32, device=sizes_tk.device)
    modulations = dit.modulations(timestep_t, sizes_tk, dit.dtype)
    for block in modulations.blocks:
        block[:, :, 1] += 1
    modulations.output[0] += 1
    return modulations


class Pack:
    """A batch of pictures in one or more branches, ready for every noise level.

    Args:
        dit: The decoder.
        branches: Conditions of the same pictures, one entry per branch.
        height: Rows of the latents.
        width: Columns of the latents.
        group: The processes that share the tokens.
    """

    def __init__(
        self, dit: Trunk, branches: Sequence[Conditions], height: int, width: int, group: Group
    ) -> None:
        self._dit = dit
        self._group = group
        self._grid = (height // dit.config.patch_size, width // dit.config.patch_size)
        runs, tokens, cos, sin = zip(*_lay_out(dit, branches, self._grid, group), strict=True)
        self._runs: tuple[Run, ...] = runs
        self._base_ld = torch.cat(tokens)
        low_lk, high_lk = torch.cat(sin).chunk(2, dim=-1)
        sin_lk = torch.cat((-low_lk, high_lk), dim=-1)
        self._rope = (torch.cat(cos)[:, None], sin_lk[:, None])
        self._shape = (len(branches), branches[0][0].batch)
        self._layouts: dict[int, Layout] = {}

    def run(
        self, latents_bchw: Tensor, modulations: Modulations, cache: StepCache, branches: int
    ) -> Tensor:
        """Predict velocities.

        Args:
            latents_bchw: Noisy latents.
            modulations: One row of :func:`modulate`.
            cache: What earlier steps left.
            branches: Branches to run, from the first one; more than there are runs all.

        Returns:
            ``[branches, b, c, h, w]`` fp32.
        """
        dit = self._dit
        branches, pictures = min(branches, self._shape[0]), self._shape[1]
        layout = self._layout(branches)
        x_ld = self._base_ld[: layout.runs[-1].stop].clone()
        image_bnd = dit.embed(latents_bchw.to(x_ld.dtype))
        for run in layout.runs:
            run.image(x_ld).add_(image_bnd[run.pictures])
        body = Body(dit, layout, modulations)
        x_td = cache.run(layout.stretch.own(x_ld), body.first, body.others)
        scale_d, shift_d = modulations.output[:, 0, 0]
        patches_lp = layout.stretch.whole(dit.proj_out(normalise(x_td, scale_d, shift_d)))
        velocity_vbnp = x_ld.new_empty(
            (branches, pictures, image_bnd.shape[1], patches_lp.shape[-1]), dtype=torch.float32
        )
        for run in layout.runs:
            velocity_vbnp[run.branch, run.pictures] = run.image(patches_lp).float()
        velocity_bchw = dit.unpatchify(velocity_vbnp.flatten(0, 1), *self._grid)
        return fold(velocity_bchw, branches)

    def _layout(self, branches: int) -> Layout:
        """The tokens of a pass over the first branches; made once."""
        if branches not in self._layouts:
            runs = tuple(run for run in self._runs if run.branch < branches)
            stop = runs[-1].stop
            stretch = Stretch(self._group, stop)
            is_glyph_l = torch.zeros(stop, dtype=torch.bool, device=self._base_ld.device)
            for run in runs:
                run.split(is_glyph_l)[:, : run.glyphs] = True
            cos_l1k, sin_l1k = self._rope
            self._layouts[branches] = Layout(
                runs=runs,
                stretch=stretch,
                rope=(stretch.own(cos_l1k[:stop]), stretch.own(sin_l1k[:stop])),
                glyph_g=stretch.own(is_glyph_l).nonzero()[:, 0],
            )
        return self._layouts[branches]


def _lay_out(
    dit: Trunk, branches: Sequence[Conditions], grid: tuple[int, int], group: Group
) -> Iterator[tuple[Run, Tensor, Tensor, Tensor]]:
    """All runs in order: what is known of their tokens ``[l, d]``, cosines and sines ``[l, k]``."""
    start = 0
    for number, (inputs, references) in enumerate(branches):
        prepared = dit.prepare(inputs, *grid, references=references)
        for pictures, glyph_ms, reference_mr in _alike(inputs, references):
            glyph_msd = _choose(prepared.glyph_bsd[pictures], glyph_ms)
            tokens_mld = torch.cat((glyph_msd, prepared.prior_bnd[pictures]), dim=1)
            count, length = tokens_mld.shape[:2]
            # All glyph rows of the tables are alike, so any of them serve.
            cos_lk, sin_lk = (table[-length:].repeat(count, 1) for table in prepared.rope)
            run = Run(
                start=start,
                stop=start + count * length,
                glyphs=glyph_msd.shape[1],
                branch=number,
                pictures=pictures,
                past=_reserve(references, pictures, reference_mr, length, group),
            )
            yield run, tokens_mld.flatten(0, 1), cos_lk, sin_lk
            start = run.stop


def _alike(
    inputs: TextInputs, references: ReferenceCache | None
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Indices of pictures with equal numbers of tokens, and their masks of glyphs and references.

    Which tokens are there is asked once per request, so that waiting for the device is no matter.
    """
    glyph_bs = inputs.glyph_mask_bs
    if glyph_bs is None:
        glyph_bs = inputs.glyph_bsd.new_ones(inputs.glyph_bsd.shape[:2], dtype=torch.bool)
    reference_br = glyph_bs[:, :0] if references is None else references.full_mask()
    counts = zip(glyph_bs.sum(1).tolist(), reference_br.sum(1).tolist(), strict=True)
    groups: dict[tuple[int, int], list[int]] = {}
    for index, count in enumerate(counts):
        groups.setdefault(count, []).append(index)
    for group in groups.values():
        pictures = torch.tensor(group, device=glyph_bs.device)
        yield pictures, glyph_bs[pictures], reference_br[pictures]


def _choose(x: Tensor, mask: Tensor) -> Tensor:
    """Entries ``[m, t, ...]`` of ``[m, u, ...]`` where a mask ``[m, u]`` is True, ``t`` per row."""
    return fold(x[mask], len(x))


def _reserve(
    references: ReferenceCache | None, pictures: Tensor, mask_mr: Tensor, own: int, group: Group
) -> tuple[KeyValue, ...]:
    """Buffers for the keys and values of references, which are written now, and own tokens."""
    if references is None or not bool(mask_mr.any()):
        return ()
    return tuple(
        (
            _extend(key[pictures], mask_mr, own, group),
            _extend(value[pictures], mask_mr, own, group),
        )
        for key, value in zip(references.keys, references.values, strict=True)
    )


def _extend(x_mark: Tensor, mask_mr: Tensor, own: int, group: Group) -> Tensor:
    """Tokens that are there, in front of room for ``own`` more: ``[m, r + own, a, k]``."""
    x_mrak = own_heads(_choose(x_mark.transpose(1, 2), mask_mr), group)
    return F.pad(x_mrak, (0, 0, 0, 0, 0, own))
