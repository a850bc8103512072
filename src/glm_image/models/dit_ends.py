"""First and last layers of the diffusion decoder: latents, noise level and size in, velocity out.

Shape legend: b batch, c latent channels, h latent rows, w latent columns, n image tokens, d
channels, t conditioning channels.

Source: Peebles & Xie 2023, section 3; reference behaviour: diffusers, GlmImageImageProjector,
GlmImageCombinedTimestepSizeEmbeddings and GlmImageAdaLayerNormContinuous.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.layers.embedding import sinusoid
from glm_image.models.dit_block import modulate
from glm_image.models.dit_config import TrunkConfig


class ImageProjector(nn.Module):
    """Cut latents into patches (channel, row, column) and project each to a token."""

    def __init__(self, config: TrunkConfig) -> None:
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
    """Timestep and sizes in pixels as one vector, shared by all blocks.

    Args:
        config: What the decoder is.
        time_features: Channels of the sinusoid of a timestep, even.
        numbers: Sizes and coordinates that are embedded.
    """

    def __init__(self, config: TrunkConfig, *, time_features: int, numbers: int) -> None:
        super().__init__()
        self.time_dim = time_features
        self.size_dim = config.condition_dim
        self.timestep_embedder = _Embedder(time_features, config.time_embed_dim)
        self.condition_embedder = _Embedder(numbers * config.condition_dim, config.time_embed_dim)

    def forward(self, timestep_b: Tensor, sizes_bk: Tensor, dtype: torch.dtype) -> Tensor:
        """Embed timesteps and sizes ``[b, numbers]`` in fp32, project in ``dtype``: ``[b, t]``."""
        sizes_bt = sinusoid(sizes_bk.flatten(), self.size_dim).view(sizes_bk.shape[0], -1)
        time_bt = sinusoid(timestep_b, self.time_dim)
        time_bt = self.timestep_embedder(time_bt.to(dtype))
        return F.silu(time_bt + self.condition_embedder(sizes_bt.to(dtype)))


class OutputNorm(nn.Module):
    """Last normalisation, modulated by the conditioning vector (scale first, then shift)."""

    def __init__(self, condition: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(condition, 2 * dim)

    def modulation(self, condition_bt: Tensor) -> Tensor:
        """Give scale and shift ``[kind 2, b, 1, d]``."""
        chunks: Tensor = self.linear(condition_bt)
        return chunks.view(len(condition_bt), 2, 1, -1).transpose(0, 1)

    def forward(self, x_bnd: Tensor, modulation: Tensor) -> Tensor:
        """Map image tokens ``[b, n, d]`` to the same shape."""
        scale_b1d, shift_b1d = modulation
        return modulate(x_bnd, shift_b1d, scale_b1d)
