"""The blocks of the decoder over pictures and branches laid end to end.

Every matrix meets all tokens at once; attention runs per segment. Noise level and size are the same
for all tokens, so modulation is one vector per channel and stream, which layer normalisation
applies as it goes. Glyph tokens are few: all tokens are treated as image tokens, and those again as
what they are.

Legend: l all tokens, t tokens that this process holds, s glyph tokens of a segment, n image tokens
of a picture, r reference tokens, d channels, a heads, k head channels, m segments of a run, g glyph
tokens that this process holds.
"""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from glm_image.execution.parallel_dit import Stretch
from glm_image.layers.attention import attend
from glm_image.models.dit_block import EPS, Block, JointAttention, KeyValue, normalize
from glm_image.models.dit_prepared import Modulations
from glm_image.models.dit_trunk import Trunk


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
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
        return fold(x_ld[self.start : self.stop], len(self.pictures))

    def image(self, x_ld: Tensor) -> Tensor:
        """Its image tokens ``[m, n, d]``."""
        return self.split(x_ld)[:, self.glyphs :]

    def attend(self, index: int, heads: tuple[Tensor, Tensor, Tensor], out_lak: Tensor) -> None:
        """Attend within each segment, and to its references, in one block.

        Args:
            index: Number of the block.
            heads: Queries, keys and values ``[l, a, k]``.
            out_lak: Where the result goes.
        """
        query, key, value = (self.split(x_lak) for x_lak in heads)
        if self.past:
            own, (key, value) = (key, value), self.past[index]
            for kept, new in zip((key, value), own, strict=True):
                kept[:, -new.shape[1] :] = new
        out_makl = attend(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2))
        self.split(out_lak)[:] = out_makl.transpose(1, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """The tokens of a pass over some of the branches.

    Attributes:
        runs: Segments of equal make.
        stretch: The tokens that this process holds.
        rope: Cosines and sines ``[t, 1, k]`` of those; the first half of the sines is negated.
        glyph_g: Which of those are glyph tokens.
    """

    runs: tuple[Run, ...]
    stretch: Stretch
    rope: KeyValue
    glyph_g: Tensor


class Body:
    """The blocks of one pass; they work in place on the tokens that this process holds.

    Args:
        dit: The decoder.
        layout: The tokens.
        modulations: One row, in which scales already count from 1.
    """

    def __init__(self, dit: Trunk, layout: Layout, modulations: Modulations) -> None:
        self._blocks = [cast(Block, block) for block in dit.transformer_blocks]
        self._layout, self._modulations = layout, modulations

    def first(self, x_td: Tensor) -> Tensor:
        """Run the first block."""
        self._advance(0, x_td)
        return x_td

    def others(self, x_td: Tensor) -> Tensor:
        """Run all other blocks."""
        for index in range(1, len(self._blocks)):
            self._advance(index, x_td)
        return x_td

    def _advance(self, index: int, x_td: Tensor) -> None:
        block = self._blocks[index]
        attention, feed = self._modulations.blocks[index][:, :, :, 0, 0]
        out_td = self._attend(index, block.attn1, self._modulate(x_td, attention))
        self._add(x_td, out_td, attention)
        self._add(x_td, block.ff(self._modulate(x_td, feed)), feed)

    def _attend(self, index: int, layer: JointAttention, x_td: Tensor) -> Tensor:
        stretch = self._layout.stretch
        query_tak, key_tak, value_tak = layer.heads_of(x_td)
        query_tak, key_tak = (_turn(normalize(x), *self._layout.rope) for x in (query_tak, key_tak))
        heads = stretch.to_heads(query_tak, key_tak, value_tak)
        # Finite everywhere: what stands behind the last token goes through the products, too.
        out_lak = torch.zeros_like(heads[0]) if stretch.is_padded else torch.empty_like(heads[0])
        for run in self._layout.runs:
            run.attend(index, heads, out_lak)
        out_td: Tensor = layer.to_out[0](stretch.to_tokens(out_lak.flatten(1)))
        return out_td

    def _modulate(self, x_td: Tensor, parts: Tensor) -> Tensor:
        """Normalise all tokens, scale and shift them by stream."""
        (shift_d, scale_d, _), (glyph_shift_d, glyph_scale_d, _) = parts
        out_td = normalise(x_td, scale_d, shift_d)
        glyph_g = self._layout.glyph_g
        if len(glyph_g):
            out_td[glyph_g] = normalise(x_td[glyph_g], glyph_scale_d, glyph_shift_d)
        return out_td

    def _add(self, x_td: Tensor, added_td: Tensor, parts: Tensor) -> None:
        """Add a sublayer's output through the gates of the streams."""
        (_, _, gate_d), (_, _, glyph_gate_d) = parts
        glyph_g = self._layout.glyph_g
        glyph_gd = torch.addcmul(x_td[glyph_g], added_td[glyph_g], glyph_gate_d)
        x_td.addcmul_(added_td, gate_d)
        x_td[glyph_g] = glyph_gd


def fold(x: Tensor, count: int) -> Tensor:
    """Split the first axis into ``count`` equal parts; a view."""
    return x.view(count, -1, *x.shape[1:])


def normalise(x: Tensor, scale_d: Tensor, shift_d: Tensor) -> Tensor:
    """Layer normalisation of the last axis, scaled and shifted as it goes."""
    return F.layer_norm(x, x.shape[-1:], scale_d, shift_d, EPS)


def _turn(x_tak: Tensor, cos_t1k: Tensor, sin_t1k: Tensor) -> Tensor:
    """Rotate in place as :func:`glm_image.layers.rope.rotate` does, with fewer large tensors.

    Sums are in fp32. The first half of the sines is negated.
    """
    swapped_tak = x_tak.roll(x_tak.shape[-1] // 2, -1)
    return torch.addcmul(x_tak * cos_t1k, swapped_tak, sin_t1k, out=x_tak)
