"""The image encoder whose features are turned into semantic codes.

Legend: b batch, n patches (row-major), p values per patch in (channel, row, column) order,
d width, h heads.

Source: SigLIP 2 (Tschannen et al. 2025) for the shape; reference behaviour: transformers,
GlmImageVisionModel.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import ConfigError, ShapeError
from glm_image.layers.attention import attend
from glm_image.layers.mlp import GeluMLP


@dataclass(frozen=True, kw_only=True)
class VisionConfig:
    """Shape of the image encoder.

    Args:
        depth: Number of blocks.
        hidden_size: Width.
        num_heads: Attention heads; divides the width.
        intermediate_size: Width inside the feed-forward network.
        image_size: Side in pixels that the position table stands for.
        patch_size: Side of a patch in pixels.
        in_channels: Channels of the image.
        layer_norm_eps: Epsilon of every norm.
        attention_bias: Whether the attention projections have a bias.
    """

    depth: int
    hidden_size: int
    num_heads: int
    intermediate_size: int
    image_size: int
    patch_size: int
    in_channels: int
    layer_norm_eps: float
    attention_bias: bool

    def __post_init__(self) -> None:
        if self.hidden_size % self.num_heads:
            raise ConfigError(
                f"{self.num_heads} heads do not divide the width {self.hidden_size}",
                field="num_heads",
                hint="choose a divisor of hidden_size",
            )
        if self.image_size % self.patch_size:
            raise ConfigError(
                f"patches of {self.patch_size} do not tile {self.image_size} pixels",
                field="patch_size",
                hint="choose a divisor of image_size",
            )

    @property
    def table_side(self) -> int:
        """Rows, and columns, of the position table."""
        return self.image_size // self.patch_size

    @property
    def patch_values(self) -> int:
        """Values per flattened patch."""
        return self.in_channels * self.patch_size**2


class PatchEmbed(nn.Module):
    """Linear embedding of flattened patches, stored as the convolution it is.

    Args:
        config: Shape of the encoder.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        side = config.patch_size
        self.proj = nn.Conv2d(config.in_channels, config.hidden_size, side, stride=side)

    def forward(self, patches_bnp: Tensor) -> Tensor:
        """Map ``[B, N, C*p*p]`` to ``[B, N, D]`` in the dtype of the weights."""
        weight = self.proj.weight
        return F.linear(patches_bnp.to(weight.dtype), weight.flatten(1), self.proj.bias)


class PositionTable(nn.Module):
    """A learned square table, sampled at the relative place of each patch.

    Args:
        config: Shape of the encoder.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.side = config.table_side
        self.position_embedding = nn.Embedding(self.side**2, config.hidden_size)

    def forward(self, grid: tuple[int, int]) -> Tensor:
        """Sample the table bilinearly at the patch centres of a ``(rows, columns)`` grid.

        Centres are relative to the whole image, so every grid covers the whole table; beyond the
        outermost entries the border value holds. Computed in fp32.

        Returns:
            ``[N, D]`` in the dtype of the table.
        """
        weight = self.position_embedding.weight
        table_1dss = weight.float().T.reshape(1, -1, self.side, self.side)
        rows, columns = (
            (torch.arange(count, dtype=torch.float32, device=weight.device) + 0.5) / count * 2 - 1
            for count in grid
        )
        y_hw, x_hw = torch.meshgrid(rows, columns, indexing="ij")
        sampled_1dhw = F.grid_sample(
            table_1dss,
            torch.stack((x_hw, y_hw), dim=-1)[None],
            mode="bilinear",
            padding_mode="border",
            align_corners=False,
        )
        return sampled_1dhw[0].flatten(1).T.to(weight.dtype)


class VisionAttention(nn.Module):
    """Full attention within one image, with a fused q, k, v projection.

    Args:
        config: Shape of the encoder.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        dim, bias = config.hidden_size, config.attention_bias
        self.num_heads = config.num_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=bias)
        self.proj = nn.Linear(dim, dim, bias=bias)

    def forward(self, x_bnd: Tensor) -> Tensor:
        """Map ``[B, N, D]`` to ``[B, N, D]``."""
        batch, count = x_bnd.shape[:2]
        qkv_bn3hd = self.qkv(x_bnd).view(batch, count, 3, self.num_heads, -1)
        q_bhnd, k_bhnd, v_bhnd = qkv_bn3hd.permute(2, 0, 3, 1, 4).unbind(0)
        out_bhnd = attend(q_bhnd, k_bhnd, v_bhnd)
        out_bnd: Tensor = self.proj(out_bhnd.transpose(1, 2).flatten(2))
        return out_bnd


class VisionBlock(nn.Module):
    """Pre-norm attention and feed-forward network.

    Args:
        config: Shape of the encoder.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        dim, eps = config.hidden_size, config.layer_norm_eps
        self.norm1 = nn.LayerNorm(dim, eps)
        self.attn = VisionAttention(config)
        self.norm2 = nn.LayerNorm(dim, eps)
        self.mlp = GeluMLP(dim, config.intermediate_size)

    def forward(self, x_bnd: Tensor) -> Tensor:
        """Map ``[B, N, D]`` to ``[B, N, D]``."""
        x_bnd = x_bnd + self.attn(self.norm1(x_bnd))
        x_bnd = x_bnd + self.mlp(self.norm2(x_bnd))
        return x_bnd


class VisionTower(nn.Module):
    """Patches of images of one size to features, without a final norm.

    Args:
        config: Shape of the encoder.
    """

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embed = PatchEmbed(config)
        self.embeddings = PositionTable(config)
        self.blocks = nn.ModuleList(VisionBlock(config) for _ in range(config.depth))

    def forward(self, patches_bnp: Tensor, grid: tuple[int, int]) -> Tensor:
        """Encode a batch of equally sized images.

        Args:
            patches_bnp: Flattened patches ``[B, h*w, C*p*p]``, row-major, each in (channel, row,
                column) order, pixel values in [-1, 1].
            grid: ``(h, w)`` in patches.

        Returns:
            Features ``[B, h*w, D]``.

        Raises:
            ShapeError: The patches do not fit the grid or the patch size.
        """
        expected = (grid[0] * grid[1], self.config.patch_values)
        if tuple(patches_bnp.shape[1:]) != expected:
            raise ShapeError(
                f"got {tuple(patches_bnp.shape)}, expected (batch, {expected[0]}, {expected[1]})",
                field="patches_bnp",
                hint=f"a {grid[0]}x{grid[1]} grid of flattened patches",
            )
        x_bnd: Tensor = self.patch_embed(patches_bnp)
        x_bnd = x_bnd + self.embeddings(grid).to(x_bnd.dtype)
        for block in self.blocks:
            x_bnd = block(x_bnd)
        return x_bnd
