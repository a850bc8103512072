"""What a pass of the diffusion decoder knows before it sees the noisy latents.

Shape legend: b batch, s glyph tokens, n image tokens, r reference tokens, l = s + n, d channels,
k head channels.
"""

from dataclasses import dataclass

from torch import Tensor

from glm_image.models.dit_block import KeyValue
from glm_image.models.dit_inputs import ReferenceCache


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """Conditions of a batch, projected: the same at every noise level.

    Attributes:
        prior_bnd: Projected codes, to be added to the image tokens.
        glyph_bsd: Projected glyph states.
        rope: Cosines and sines ``[l, k]``, glyph rows first.
        mask: Allowed keys ``[b, 1, 1, r + l]``; None if all are.
        references: Keys and values of reference images.
        rows: Rows of image tokens.
        columns: Columns of image tokens.
    """

    prior_bnd: Tensor
    glyph_bsd: Tensor
    rope: KeyValue
    mask: Tensor | None
    references: ReferenceCache | None
    rows: int
    columns: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Modulations:
    """How noise level and size act on the tokens of every block.

    Attributes:
        blocks: Per block ``[sublayer 2, stream 2, kind 3, b, 1, d]``; sublayers are attention and
            feed-forward, streams image and glyph, kinds shift, scale and gate.
        output: Of the last normalisation ``[kind 2, b, 1, d]``; kinds are scale and shift.
    """

    blocks: tuple[Tensor, ...]
    output: Tensor

    def rows(self, start: int, stop: int) -> "Modulations":
        """A range of the batch axis, as views."""
        return Modulations(
            blocks=tuple(block[:, :, :, start:stop] for block in self.blocks),
            output=self.output[:, start:stop],
        )
