"""Diffusion decoder: from noisy latents, semantic codes and glyph states to a velocity.

Shape legend: b batch, c latent channels, h latent rows, w latent columns, n image tokens
(one per patch, row-major), s glyph tokens, r reference tokens, d channels, t conditioning
channels.

Source: GLM-Image, https://z.ai/blog/glm-image (decoder); Peebles & Xie 2023; reference behaviour:
diffusers, GlmImageTransformer2DModel.
"""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import ShapeError
from glm_image.layers.rope import inverse_frequencies
from glm_image.models.dit_block import Block, KeyValue, TwoLayer
from glm_image.models.dit_config import DiTConfig
from glm_image.models.dit_ends import ConditionEmbedding, ImageProjector, OutputNorm
from glm_image.models.dit_inputs import DiTInputs, ReferenceCache, key_mask
from glm_image.models.dit_prepared import Modulations, Prepared

__all__ = ["DiT", "DiTConfig", "DiTInputs", "Modulations", "Prepared", "ReferenceCache"]

_THETA = 10000.0


class DiT(nn.Module):
    """The diffusion decoder.

    Floating inputs are in the dtype of the weights, or anything under autocast. The model predicts
    the velocity ``noise - data`` of ``(1 - sigma) * data + sigma * noise``.
    """

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.width
        self.image_projector = ImageProjector(config)
        self.glyph_projector = TwoLayer(config.text_embed_dim, dim, dim, nn.GELU())
        self.prior_token_embedding = nn.Embedding(config.prior_vq_quantizer_codebook_size, dim)
        self.prior_projector = TwoLayer(dim, dim, dim, nn.SiLU())
        self.time_condition_embed = ConditionEmbedding(config)
        self.transformer_blocks = nn.ModuleList(
            Block(dim, config.num_attention_heads, config.attention_head_dim, config.time_embed_dim)
            for _ in range(config.num_layers)
        )
        self.norm_out = OutputNorm(config.time_embed_dim, dim)
        self.proj_out = nn.Linear(dim, config.out_channels * config.patch_size**2)

    def forward(
        self,
        latents_bchw: Tensor,
        inputs: DiTInputs,
        *,
        timestep_b: Tensor,
        references: ReferenceCache | None = None,
    ) -> Tensor:
        """Predict the velocity.

        Args:
            latents_bchw: Noisy latents in model space ``[b, c, h, w]``.
            inputs: Conditions.
            timestep_b: Noise levels ``[b]`` on the unshifted grid, 0 to 1000.
            references: Reference images of the same batch; rows may be masked out.

        Returns:
            ``[b, c, h, w]``.

        Raises:
            ShapeError: Latents, conditions and references do not fit together.
        """
        rows, columns = self._grid(latents_bchw, inputs.prior_ids_bn)
        prepared = self.prepare(inputs, rows, columns, references=references)
        modulations = self.modulations(
            timestep_b, inputs.crop_b2, inputs.target_size_b2, prepared.prior_bnd.dtype
        )
        return self.step(latents_bchw, prepared, modulations)

    def prepare(
        self,
        inputs: DiTInputs,
        rows: int,
        columns: int,
        *,
        references: ReferenceCache | None = None,
    ) -> Prepared:
        """Compute what is the same at every noise level.

        Args:
            inputs: Conditions.
            rows: Rows of image tokens.
            columns: Columns of image tokens.
            references: Reference images of the same batch.

        Raises:
            ShapeError: Conditions and references do not fit together.
        """
        self._check_references(references, len(inputs.prior_ids_bn))
        glyph_bsd: Tensor = self.glyph_projector(inputs.glyph_bsd)
        return Prepared(
            prior_bnd=self._project_prior(inputs.prior_ids_bn, inputs.prior_drop_bn),
            glyph_bsd=glyph_bsd,
            rope=self._rope(rows, columns, glyph_bsd.shape[1], glyph_bsd.device),
            mask=key_mask(inputs, references),
            references=references,
            rows=rows,
            columns=columns,
        )

    def modulations(
        self, timestep_b: Tensor, crop_b2: Tensor, target_size_b2: Tensor, dtype: torch.dtype
    ) -> Modulations:
        """Compute how every block is modulated; tokens have no part in it.

        Args:
            timestep_b: Noise levels ``[b]`` on the unshifted grid, 0 to 1000. Rows may be the
                pictures of a batch, the steps of a schedule, or both.
            crop_b2: Top and left of the crop in pixels ``[b, 2]``.
            target_size_b2: Height and width of the picture in pixels ``[b, 2]``.
            dtype: Of the tokens.
        """
        condition_bt = self.time_condition_embed(timestep_b, crop_b2, target_size_b2, dtype)
        return Modulations(
            blocks=tuple(
                cast(Block, block).norm1(condition_bt) for block in self.transformer_blocks
            ),
            output=self.norm_out.modulation(condition_bt),
        )

    def step(self, latents_bchw: Tensor, prepared: Prepared, modulations: Modulations) -> Tensor:
        """Predict the velocity ``[b, c, h, w]`` from what is prepared; see :meth:`forward`."""
        image_bnd = self.image_projector(latents_bchw) + prepared.prior_bnd
        glyph_bsd, references = prepared.glyph_bsd, prepared.references
        for index, block in enumerate(self.transformer_blocks):
            image_bnd, glyph_bsd, _ = block(
                image_bnd,
                glyph_bsd,
                modulations.blocks[index],
                prepared.rope,
                references=None if references is None else references.block(index),
                mask=prepared.mask,
            )
        patches_bnp = self.proj_out(self.norm_out(image_bnd, modulations.output))
        return self.unpatchify(patches_bnp, prepared.rows, prepared.columns)

    def encode_reference(
        self, latents_bchw: Tensor, prior_ids_bn: Tensor, target_size_b2: Tensor
    ) -> ReferenceCache:
        """Encode one reference image per sample: clean, without glyphs, at its own size.

        Gradients flow through the result unless they are switched off outside.

        Args:
            latents_bchw: Clean latents of the references in model space ``[b, c, h, w]``.
            prior_ids_bn: Their own semantic codes ``[b, n]``.
            target_size_b2: Their own height and width in pixels ``[b, 2]``.

        Raises:
            ShapeError: Latents and codes do not fit together.
        """
        rows, columns = self._grid(latents_bchw, prior_ids_bn)
        image_bnd = self.image_projector(latents_bchw) + self._project_prior(prior_ids_bn, None)
        condition_bt = self.time_condition_embed(
            target_size_b2.new_zeros(target_size_b2.shape[0]),
            torch.zeros_like(target_size_b2),
            target_size_b2,
            image_bnd.dtype,
        )
        rope = self._rope(rows, columns, 0, latents_bchw.device)
        glyph_bsd = image_bnd[:, :0]
        pairs: list[KeyValue] = []
        *blocks, last = (cast(Block, block) for block in self.transformer_blocks)
        for block in blocks:
            image_bnd, glyph_bsd, pair = block(
                image_bnd, glyph_bsd, block.norm1(condition_bt), rope
            )
            pairs.append(pair)
        # What the last block writes to the stream is never read.
        pairs.append(last.keys_values(image_bnd, glyph_bsd, last.norm1(condition_bt), rope))
        keys, values = zip(*pairs, strict=True)
        return ReferenceCache(keys=keys, values=values)

    def unpatchify(self, patches_bnp: Tensor, rows: int, columns: int) -> Tensor:
        """Put patches ``[b, n, c * p * p]`` back into a map ``[b, c, h, w]``."""
        p = self.config.patch_size
        patches = patches_bnp.view(patches_bnp.shape[0], rows, columns, -1, p, p)
        return patches.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)

    def _project_prior(self, prior_ids_bn: Tensor, drop_bn: Tensor | None) -> Tensor:
        """Projected codes; a dropped one keeps the biases."""
        prior_bnd = self.prior_token_embedding(prior_ids_bn)
        if drop_bn is not None:
            prior_bnd = prior_bnd.masked_fill(drop_bn[..., None], 0.0)
        projected_bnd: Tensor = self.prior_projector(prior_bnd)
        return projected_bnd

    def _rope(self, rows: int, columns: int, glyphs: int, device: torch.device) -> KeyValue:
        """Cosines and sines ``[glyphs + rows * columns, head_dim]``; glyphs are not turned."""
        dim = self.config.attention_head_dim
        inverse = inverse_frequencies(dim // 2, _THETA).to(device)
        place = torch.arange(max(rows, columns), dtype=torch.float32, device=device)
        angles = torch.outer(place, inverse)
        row_nd = angles[:rows, None].expand(-1, columns, -1)
        column_nd = angles[None, :columns].expand(rows, -1, -1)
        table = torch.cat((row_nd, column_nd, row_nd, column_nd), dim=-1).flatten(0, 1)
        table = F.pad(table, (0, 0, glyphs, 0))
        return table.cos(), table.sin()

    def _grid(self, latents_bchw: Tensor, prior_ids_bn: Tensor) -> tuple[int, int]:
        """Rows and columns of tokens; refuses latents and codes that do not match."""
        batch, channels, height, width = latents_bchw.shape
        p = self.config.patch_size
        if channels != self.config.in_channels or height % p or width % p:
            raise ShapeError(
                f"got {list(latents_bchw.shape)}",
                field="latents_bchw",
                hint=f"give {self.config.in_channels} channels and sides that divide by {p}",
            )
        expected = [batch, (height // p) * (width // p)]
        if list(prior_ids_bn.shape) != expected:
            raise ShapeError(
                f"got {list(prior_ids_bn.shape)}, expected {expected}",
                field="prior_ids_bn",
                hint="give one code per patch of the latents",
            )
        return height // p, width // p

    def _check_references(self, references: ReferenceCache | None, batch: int) -> None:
        """Refuse references of another batch size or another decoder."""
        if references is None:
            return
        _, heads, _, head_dim = references.keys[0].shape
        got = [len(references.keys), references.batch, heads, head_dim]
        config = self.config
        own_heads = [config.num_attention_heads, config.attention_head_dim]
        expected = [config.num_layers, batch, *own_heads]
        if got != expected:
            raise ShapeError(
                f"[blocks, batch, heads, channels] is {got}, expected {expected}",
                field="references",
                hint="encode with this decoder; ReferenceCache.stack makes a batch",
            )
