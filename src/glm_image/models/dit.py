"""Diffusion decoder: from noisy latents, semantic codes and glyph states to a velocity.

Shape legend: b batch, c latent channels, h latent rows, w latent columns, n image tokens
(one per patch, row-major), s glyph tokens, r reference tokens, d channels, t conditioning
channels.

Source: GLM-Image, https://z.ai/blog/glm-image (decoder); Peebles & Xie 2023; reference behaviour:
diffusers, GlmImageTransformer2DModel.
"""

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import ConfigError, ShapeError
from glm_image.layers.embedding import sinusoid
from glm_image.layers.rope import inverse_frequencies
from glm_image.models.dit_block import Block, KeyValue, TwoLayer, modulate
from glm_image.models.dit_inputs import DiTInputs, ReferenceCache, key_mask

__all__ = ["DiT", "DiTConfig", "DiTInputs", "ReferenceCache"]

_THETA = 10000.0


@dataclass(frozen=True, kw_only=True)
class DiTConfig:
    """What a diffusion decoder is.

    Attributes:
        patch_size: Latent pixels per token along one side.
        in_channels: Latent channels that go in.
        out_channels: Latent channels of the velocity.
        num_layers: Number of blocks.
        attention_head_dim: Channels of one head, a multiple of 4.
        num_attention_heads: Number of heads; heads times head channels is the width.
        text_embed_dim: Channels of the glyph states.
        time_embed_dim: Channels of the conditioning vector, even.
        condition_dim: Channels of the embedding of one size or crop coordinate, even.
        prior_vq_quantizer_codebook_size: Number of semantic codes.

    Raises:
        ConfigError: A field does not fit the networks.
    """

    patch_size: int
    in_channels: int
    out_channels: int
    num_layers: int
    attention_head_dim: int
    num_attention_heads: int
    text_embed_dim: int
    time_embed_dim: int
    condition_dim: int
    prior_vq_quantizer_codebook_size: int

    def __post_init__(self) -> None:
        if self.attention_head_dim % 4:
            raise ConfigError(
                f"{self.attention_head_dim} is not a multiple of 4",
                field="attention_head_dim",
                hint="half of a head encodes the row, half the column, both in pairs",
            )
        even = {"time_embed_dim": self.time_embed_dim, "condition_dim": self.condition_dim}
        for field, value in even.items():
            if value % 2:
                raise ConfigError(f"{value} is odd", field=field, hint="sines need cosines")
        if self.num_layers < 1:
            raise ConfigError("at least one block is needed", field="num_layers")

    @property
    def width(self) -> int:
        """Channels of a token."""
        return self.num_attention_heads * self.attention_head_dim


class ImageProjector(nn.Module):
    """Cut latents into patches (channel, row, column) and project each to a token."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.patch = config.patch_size
        self.proj = nn.Linear(config.in_channels * config.patch_size**2, config.width)

    def forward(self, latents_bchw: Tensor) -> Tensor:
        """Map ``[b, c, h, w]`` to tokens ``[b, n, d]``."""
        batch, channels, height, width = latents_bchw.shape
        p = self.patch
        patches = latents_bchw.reshape(batch, channels, height // p, p, width // p, p)
        tokens_bnd: Tensor = self.proj(patches.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2))
        return tokens_bnd


class _Embedder(nn.Module):
    """Linear, SiLU, linear."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(in_features, out_features)
        self.linear_2 = nn.Linear(out_features, out_features)

    def forward(self, x_bt: Tensor) -> Tensor:
        out_bt: Tensor = self.linear_2(F.silu(self.linear_1(x_bt)))
        return out_bt


class ConditionEmbedding(nn.Module):
    """Timestep, crop and picture size as one vector, shared by all blocks."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.time_dim = config.time_embed_dim
        self.size_dim = config.condition_dim
        self.timestep_embedder = _Embedder(config.time_embed_dim, config.time_embed_dim)
        self.condition_embedder = _Embedder(4 * config.condition_dim, config.time_embed_dim)

    def forward(
        self, timestep_b: Tensor, crop_b2: Tensor, target_size_b2: Tensor, dtype: torch.dtype
    ) -> Tensor:
        """Embed in fp32, project in ``dtype``; returns ``[b, t]``."""
        sizes = torch.cat((crop_b2, target_size_b2), dim=1)
        sizes_bt = sinusoid(sizes.flatten(), self.size_dim).view(sizes.shape[0], -1)
        time_bt = sinusoid(timestep_b, self.time_dim)
        time_bt = self.timestep_embedder(time_bt.to(dtype))
        return F.silu(time_bt + self.condition_embedder(sizes_bt.to(dtype)))


class OutputNorm(nn.Module):
    """Last normalisation, modulated by the conditioning vector (scale first, then shift)."""

    def __init__(self, condition: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(condition, 2 * dim)

    def forward(self, x_bnd: Tensor, condition_bt: Tensor) -> Tensor:
        """Map image tokens ``[b, n, d]`` to the same shape."""
        scale_b1d, shift_b1d = self.linear(condition_bt)[:, None].chunk(2, dim=-1)
        return modulate(x_bnd, shift_b1d, scale_b1d)


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
        self._check_references(references, latents_bchw.shape[0])
        image_bnd = self._embed_image(latents_bchw, inputs.prior_ids_bn, inputs.prior_drop_bn)
        glyph_bsd = self.glyph_projector(inputs.glyph_bsd)
        condition_bt = self.time_condition_embed(
            timestep_b, inputs.crop_b2, inputs.target_size_b2, image_bnd.dtype
        )
        rope = self._rope(rows, columns, glyph_bsd.shape[1], latents_bchw.device)
        mask = key_mask(inputs, references)
        for index, block in enumerate(self.transformer_blocks):
            past = (
                None if references is None else (references.keys[index], references.values[index])
            )
            image_bnd, glyph_bsd, _ = block(
                image_bnd, glyph_bsd, condition_bt, rope, references=past, mask=mask
            )
        patches = self.proj_out(self.norm_out(image_bnd, condition_bt))
        return self._unpatchify(patches, rows, columns)

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
        image_bnd = self._embed_image(latents_bchw, prior_ids_bn, None)
        condition_bt = self.time_condition_embed(
            target_size_b2.new_zeros(target_size_b2.shape[0]),
            torch.zeros_like(target_size_b2),
            target_size_b2,
            image_bnd.dtype,
        )
        rope = self._rope(rows, columns, 0, latents_bchw.device)
        glyph_bsd = image_bnd[:, :0]
        pairs: list[KeyValue] = []
        for block in self.transformer_blocks[:-1]:
            image_bnd, glyph_bsd, pair = block(image_bnd, glyph_bsd, condition_bt, rope)
            pairs.append(pair)
        # What the last block writes to the stream is never read.
        last = cast(Block, self.transformer_blocks[-1])
        pairs.append(last.keys_values(image_bnd, glyph_bsd, condition_bt, rope))
        keys, values = zip(*pairs, strict=True)
        return ReferenceCache(keys=keys, values=values)

    def _embed_image(
        self, latents_bchw: Tensor, prior_ids_bn: Tensor, drop_bn: Tensor | None
    ) -> Tensor:
        """Tokens of the latents plus the projected prior; a dropped prior keeps its biases."""
        prior_bnd = self.prior_token_embedding(prior_ids_bn)
        if drop_bn is not None:
            prior_bnd = prior_bnd.masked_fill(drop_bn[..., None], 0.0)
        tokens_bnd: Tensor = self.image_projector(latents_bchw) + self.prior_projector(prior_bnd)
        return tokens_bnd

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

    def _unpatchify(self, patches: Tensor, rows: int, columns: int) -> Tensor:
        """Put patches ``[b, n, c * p * p]`` back into a map ``[b, c, h, w]``."""
        p = self.config.patch_size
        patches = patches.view(patches.shape[0], rows, columns, -1, p, p)
        return patches.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)

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
