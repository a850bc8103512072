"""What the diffusion decoders of the family share: blocks over text and image tokens.

A decoder is a trunk with its own ends. What GLM-Image adds is in :mod:`glm_image.models.dit`, what
CogView4 adds is in :mod:`glm_image.models.cogview4_dit`.

Shape legend: b batch, c latent channels, h latent rows, w latent columns, n image tokens
(one per patch, row-major), s text tokens, r reference tokens, d channels, t conditioning
channels, k numbers of sizes.

Source: Peebles & Xie 2023; Esser et al. 2024, section 4; reference behaviour: diffusers,
GlmImageTransformer2DModel and CogView4Transformer2DModel.
"""

from abc import ABC, abstractmethod
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import ShapeError
from glm_image.layers.rope import inverse_frequencies
from glm_image.models.dit_block import Block, KeyValue
from glm_image.models.dit_config import TrunkConfig
from glm_image.models.dit_ends import ConditionEmbedding, ImageProjector, OutputNorm
from glm_image.models.dit_inputs import ReferenceCache, TextInputs
from glm_image.models.dit_prepared import Modulations, Prepared

_THETA = 10000.0


class Trunk(nn.Module, ABC):
    """A decoder of the family.

    Floating inputs are in the dtype of the weights, or anything under autocast. The model predicts
    the velocity ``noise - data`` of ``(1 - sigma) * data + sigma * noise``.
    """

    config: TrunkConfig
    image_projector: ImageProjector
    time_condition_embed: ConditionEmbedding
    transformer_blocks: nn.ModuleList
    norm_out: OutputNorm
    proj_out: nn.Linear

    def _grow(self, config: TrunkConfig, *, time_features: int, numbers: int) -> None:
        """Make the shared layers, which stand behind the ends of each decoder."""
        dim = config.width
        self.time_condition_embed = ConditionEmbedding(
            config, time_features=time_features, numbers=numbers
        )
        self.transformer_blocks = nn.ModuleList(
            Block(dim, config.num_attention_heads, config.attention_head_dim, config.time_embed_dim)
            for _ in range(config.num_layers)
        )
        self.norm_out = OutputNorm(config.time_embed_dim, dim)
        self.proj_out = nn.Linear(dim, config.out_channels * config.patch_size**2)

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of the tokens."""
        return self.proj_out.bias.dtype

    @property
    def device(self) -> torch.device:
        """Where the tokens are."""
        return self.proj_out.bias.device

    def forward(
        self,
        latents_bchw: Tensor,
        inputs: TextInputs,
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
        rows, columns = self._grid(latents_bchw)
        self._check_batch(inputs, len(latents_bchw), rows * columns)
        prepared = self.prepare(inputs, rows, columns, references=references)
        modulations = self.modulations(timestep_b, inputs.sizes_bk, prepared.prior_bnd.dtype)
        return self.step(latents_bchw, prepared, modulations)

    @abstractmethod
    def prepare(
        self,
        inputs: TextInputs,
        rows: int,
        columns: int,
        *,
        references: ReferenceCache | None = None,
    ) -> Prepared:
        """Compute what is the same at every noise level.

        Args:
            inputs: Conditions, of the decoder's own kind.
            rows: Rows of image tokens.
            columns: Columns of image tokens.
            references: Reference images of the same batch.

        Raises:
            ShapeError: Conditions and references do not fit together.
        """

    @property
    def noisy_channels(self) -> int:
        """Latent channels that carry the picture."""
        return self.config.in_channels

    def embed(self, latents_bchw: Tensor) -> Tensor:
        """Image tokens ``[b, n, d]`` of noisy latents, without what is known beforehand."""
        tokens_bnd: Tensor = self.image_projector(latents_bchw)
        return tokens_bnd

    def modulations(self, timestep_b: Tensor, sizes_bk: Tensor, dtype: torch.dtype) -> Modulations:
        """Compute how every block is modulated; tokens have no part in it.

        Args:
            timestep_b: Noise levels ``[b]`` on the unshifted grid, 0 to 1000. Rows may be the
                pictures of a batch, the steps of a schedule, or both.
            sizes_bk: Sizes and coordinates in pixels, as the conditions give them.
            dtype: Of the tokens.
        """
        condition_bt = self.time_condition_embed(timestep_b, sizes_bk, dtype)
        return Modulations(
            blocks=tuple(
                cast(Block, block).norm1(condition_bt) for block in self.transformer_blocks
            ),
            output=self.norm_out.modulation(condition_bt),
        )

    def step(self, latents_bchw: Tensor, prepared: Prepared, modulations: Modulations) -> Tensor:
        """Predict the velocity ``[b, c, h, w]`` from what is prepared; see :meth:`forward`."""
        image_bnd = self.embed(latents_bchw) + prepared.prior_bnd
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

    def unpatchify(self, patches_bnp: Tensor, rows: int, columns: int) -> Tensor:
        """Put patches ``[b, n, c * p * p]`` back into a map ``[b, c, h, w]``."""
        p = self.config.patch_size
        patches = patches_bnp.view(patches_bnp.shape[0], rows, columns, -1, p, p)
        return patches.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)

    def _check_batch(self, inputs: TextInputs, batch: int, tokens: int) -> None:
        """Refuse conditions of another number of pictures."""
        if inputs.batch != batch:
            raise ShapeError(f"{inputs.batch} prompts for {batch} pictures", field="latents_bchw")

    def _rows_and_columns(self, rows: int, columns: int, device: torch.device) -> list[Tensor]:
        """Positions fp32 of all rows, and of all columns."""
        return [
            torch.arange(count, dtype=torch.float32, device=device) for count in (rows, columns)
        ]

    def _rope(self, rows: int, columns: int, glyphs: int, device: torch.device) -> KeyValue:
        """Cosines and sines ``[glyphs + rows * columns, head_dim]``; text is not turned."""
        dim = self.config.attention_head_dim
        inverse = inverse_frequencies(dim // 2, _THETA).to(device)
        row_y, column_x = self._rows_and_columns(rows, columns, device)
        row_nd = torch.outer(row_y, inverse)[:, None].expand(-1, columns, -1)
        column_nd = torch.outer(column_x, inverse)[None].expand(rows, -1, -1)
        table = torch.cat((row_nd, column_nd, row_nd, column_nd), dim=-1).flatten(0, 1)
        table = F.pad(table, (0, 0, glyphs, 0))
        return table.cos(), table.sin()

    def _grid(self, latents_bchw: Tensor) -> tuple[int, int]:
        """Rows and columns of tokens; refuses latents that do not divide into them."""
        _, channels, height, width = latents_bchw.shape
        p = self.config.patch_size
        if channels != self.noisy_channels or height % p or width % p:
            raise ShapeError(
                f"got {list(latents_bchw.shape)}",
                field="latents_bchw",
                hint=f"give {self.noisy_channels} channels and sides that divide by {p}",
            )
        return height // p, width // p
