"""Passes of the decoder over pictures and branches laid end to end, without padding.

Every matrix meets all tokens at once. Attention runs per segment: the glyph and image tokens of
one picture in one branch. Segments of equal make lie next to each other and form a run, so that
one call attends for all of them and no token is moved for it.

Noise level and size are the same for all tokens; modulation is therefore one vector per channel,
which layer normalisation applies as it goes.

Legend: b pictures, c latent channels, h latent rows, w latent columns, n image tokens of a
picture, s glyph tokens of a segment, r reference tokens of a segment, l tokens of all segments, d
channels, e glyph features, a heads, k head channels, m segments of a run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.execution.step_cache import StepCache
from glm_image.layers.attention import attend
from glm_image.models.dit_block import EPS, Block, JointAttention, KeyValue, normalize
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """Segments of equal make that lie next to each other.

    Attributes:
        start: First token.
        stop: One past the last token.
        glyphs: Glyph tokens of a segment.
        branch: Branch of the segments.
        pictures: Picture of each segment.
        past: Per block, keys and values ``[m, r + s + n, a, k]``; the first ``r`` are those of the
            references, the others are written in each pass. Empty without references.
    """

    start: int
    stop: int
    glyphs: int
    branch: int
    pictures: Tensor
    past: tuple[KeyValue, ...] = ()

    def split(self, x_ld: Tensor) -> Tensor:
        """The tokens of this run ``[m, s + n, ...]``, as a view of all."""
        return _fold(x_ld[self.start : self.stop], len(self.pictures))

    def image(self, x_ld: Tensor) -> Tensor:
        """Its image tokens ``[m, n, d]``."""
        return self.split(x_ld)[:, self.glyphs :]

    def glyph(self, x_ld: Tensor) -> Tensor:
        """Its glyph tokens ``[m, s, d]``."""
        return self.split(x_ld)[:, : self.glyphs]

    def attend(self, index: int, query_lak: Tensor, key_lak: Tensor, value_lak: Tensor) -> Tensor:
        """Attend within each segment, and to its references, in one block.

        Returns:
            ``[stop - start, a * k]``.
        """
        query, key, value = (self.split(x_lak) for x_lak in (query_lak, key_lak, value_lak))
        if self.past:
            own, (key, value) = (key, value), self.past[index]
            for kept, new in zip((key, value), own, strict=True):
                kept[:, -new.shape[1] :] = new
        out_makl = attend(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
        return out_makl.transpose(1, 2).flatten(2).flatten(0, 1)


class Pack:
    """A batch of pictures in one or more branches, ready for every noise level.

    Args:
        dit: The decoder.
        branches: Conditions of the same pictures, one entry per branch.
        height: Rows of the latents.
        width: Columns of the latents.
    """

    def __init__(self, dit: Trunk, branches: Sequence[Conditions], height: int, width: int) -> None:
        self._dit = dit
        self._grid = (height // dit.config.patch_size, width // dit.config.patch_size)
        runs, tokens, cos, sin = zip(*_lay_out(dit, branches, self._grid), strict=True)
        self._runs: tuple[_Run, ...] = runs
        self._base_ld = torch.cat(tokens)
        low_lk, high_lk = torch.cat(sin).chunk(2, dim=-1)
        sin_lk = torch.cat((-low_lk, high_lk), dim=-1)
        self._rope = (torch.cat(cos)[:, None], sin_lk[:, None])
        self._shape = (len(branches), branches[0][0].batch)

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
        runs = [run for run in self._runs if run.branch < branches]
        x_ld = self._base_ld[: runs[-1].stop].clone()
        image_bnd = dit.embed(latents_bchw.to(x_ld.dtype))
        for run in runs:
            run.image(x_ld).add_(image_bnd[run.pictures])
        body = _Body(dit, runs, modulations, self._rope)
        x_ld = cache.run(x_ld, body.first, body.others)
        scale_d, shift_d = modulations.output[:, 0, 0]
        patches_lp = dit.proj_out(_normalise(x_ld, scale_d, shift_d))
        velocity_vbnp = x_ld.new_empty(
            (branches, pictures, image_bnd.shape[1], patches_lp.shape[-1]), dtype=torch.float32
        )
        for run in runs:
            velocity_vbnp[run.branch, run.pictures] = run.image(patches_lp).float()
        velocity_bchw = dit.unpatchify(velocity_vbnp.flatten(0, 1), *self._grid)
        return _fold(velocity_bchw, branches)


class _Body:
    """The blocks of one pass; they work in place on the tokens of some runs."""

    def __init__(
        self, dit: Trunk, runs: Sequence[_Run], modulations: Modulations, rope: KeyValue
    ) -> None:
        self._blocks = [cast(Block, block) for block in dit.transformer_blocks]
        self._runs, self._modulations = runs, modulations
        self._rope = (rope[0][: runs[-1].stop], rope[1][: runs[-1].stop])

    def first(self, x_ld: Tensor) -> Tensor:
        """Run the first block."""
        self._advance(0, x_ld)
        return x_ld

    def others(self, x_ld: Tensor) -> Tensor:
        """Run all other blocks."""
        for index in range(1, len(self._blocks)):
            self._advance(index, x_ld)
        return x_ld

    def _advance(self, index: int, x_ld: Tensor) -> None:
        block = self._blocks[index]
        attention, feed = self._modulations.blocks[index][:, :, :, 0, 0]
        out_ld = self._attend(index, block.attn1, self._modulate(x_ld, attention))
        self._add(x_ld, out_ld, attention)
        self._add(x_ld, block.ff(self._modulate(x_ld, feed)), feed)

    def _attend(self, index: int, layer: JointAttention, x_ld: Tensor) -> Tensor:
        query_lak, key_lak, value_lak = layer.heads_of(x_ld)
        query_lak, key_lak = (_turn(normalize(x), *self._rope) for x in (query_lak, key_lak))
        parts = [run.attend(index, query_lak, key_lak, value_lak) for run in self._runs]
        out_ld: Tensor = layer.to_out[0](torch.cat(parts))
        return out_ld

    def _modulate(self, x_ld: Tensor, parts: Tensor) -> Tensor:
        """Normalise all tokens, scale and shift them by stream."""
        (shift_d, scale_d, _), (glyph_shift_d, glyph_scale_d, _) = parts
        out_ld = _normalise(x_ld, scale_d, shift_d)
        for run in self._runs:
            if run.glyphs:
                run.glyph(out_ld)[:] = _normalise(run.glyph(x_ld), glyph_scale_d, glyph_shift_d)
        return out_ld

    def _add(self, x_ld: Tensor, added_ld: Tensor, parts: Tensor) -> None:
        """Add a sublayer's output through the gates of the streams."""
        (_, _, gate_d), (_, _, glyph_gate_d) = parts
        for run in self._runs:
            run.image(x_ld).addcmul_(run.image(added_ld), gate_d)
            if run.glyphs:
                run.glyph(x_ld).addcmul_(run.glyph(added_ld), glyph_gate_d)


def _normalise(x: Tensor, scale_d: Tensor, shift_d: Tensor) -> Tensor:
    """Layer normalisation of the last axis, scaled and shifted as it goes."""
    return F.layer_norm(x, x.shape[-1:], scale_d, shift_d, EPS)


def _turn(x_lak: Tensor, cos_l1k: Tensor, sin_l1k: Tensor) -> Tensor:
    """Rotate in place as :func:`glm_image.layers.rope.rotate` does, with fewer large tensors.

    Sums are in fp32. The first half of the sines is negated.
    """
    swapped_lak = x_lak.roll(x_lak.shape[-1] // 2, -1)
    return torch.addcmul(x_lak * cos_l1k, swapped_lak, sin_l1k, out=x_lak)


def _lay_out(
    dit: Trunk, branches: Sequence[Conditions], grid: tuple[int, int]
) -> Iterator[tuple[_Run, Tensor, Tensor, Tensor]]:
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
            run = _Run(
                start=start,
                stop=start + count * length,
                glyphs=glyph_msd.shape[1],
                branch=number,
                pictures=pictures,
                past=_reserve(references, pictures, reference_mr, length),
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
    return _fold(x[mask], len(x))


def _fold(x: Tensor, count: int) -> Tensor:
    """Split the first axis into ``count`` equal parts; a view."""
    return x.view(count, -1, *x.shape[1:])


def _reserve(
    references: ReferenceCache | None, pictures: Tensor, mask_mr: Tensor, own: int
) -> tuple[KeyValue, ...]:
    """Buffers for the keys and values of references, which are written now, and own tokens."""
    if references is None or not bool(mask_mr.any()):
        return ()
    return tuple(
        (_extend(key[pictures], mask_mr, own), _extend(value[pictures], mask_mr, own))
        for key, value in zip(references.keys, references.values, strict=True)
    )


def _extend(x_mark: Tensor, mask_mr: Tensor, own: int) -> Tensor:
    """Tokens that are there, in front of room for ``own`` more: ``[m, r + own, a, k]``."""
    return F.pad(_choose(x_mark.transpose(1, 2), mask_mr), (0, 0, 0, 0, 0, own))
