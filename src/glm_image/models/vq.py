"""The semantic quantizer: image features to the nearest of a set of unit vectors.

Legend: b batch, n patches, d feature width, e code width, k codes.

Source: X-Omni (Geng et al. 2025), SigLIP-VQ; reference behaviour: transformers, GlmImageVQVAE.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class VqConfig:
    """Shape of the quantizer.

    Args:
        embed_dim: Width of a code.
        num_embeddings: Number of codes.
        latent_channels: Width of the features.
    """

    embed_dim: int
    num_embeddings: int
    latent_channels: int


class Codebook(nn.Module):
    """The table of codes; only their directions matter.

    Args:
        config: Shape of the quantizer.
    """

    def __init__(self, config: VqConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(config.num_embeddings, config.embed_dim)


class SemanticQuantizer(nn.Module):
    """Projection to the code space, nearest code by cosine, and the way back.

    Everything up to the choice of the code runs in fp32 whatever the dtype of the weights: in
    bf16 many codes are equally near and the lowest id would win.

    Args:
        config: Shape of the quantizer.
    """

    def __init__(self, config: VqConfig) -> None:
        super().__init__()
        self.config = config
        self.quant_conv = nn.Conv2d(config.latent_channels, config.embed_dim, 1)
        self.post_quant_conv = nn.Conv2d(config.embed_dim, config.latent_channels, 1)
        self.quantize = Codebook(config)

    def project(self, features_bnd: Tensor) -> Tensor:
        """Project features ``[B, N, D]`` to unit vectors ``[B, N, E]`` in fp32."""
        with torch.autocast(features_bnd.device.type, enabled=False):
            z_bne = _pointwise(self.quant_conv, features_bnd.float())
            return F.normalize(z_bne, dim=-1)

    def codes(self) -> Tensor:
        """The codebook as unit vectors ``[K, E]`` in fp32."""
        return F.normalize(self.quantize.embedding.weight.float(), dim=-1)

    @torch.no_grad()
    def encode(self, features_bnd: Tensor) -> Tensor:
        """Ids ``[B, N]`` of the codes nearest to features ``[B, N, D]``."""
        z_bne = self.project(features_bnd)
        with torch.autocast(features_bnd.device.type, enabled=False):
            similarity_bnk = z_bne @ self.codes().T
        return similarity_bnk.argmax(dim=-1)

    def decode(self, ids_bn: Tensor) -> Tensor:
        """Features ``[B, N, D]`` that the codes with ids ``[B, N]`` stand for.

        Drawing does not need them; training the quantizer does. They have the dtype of the
        weights.
        """
        vectors_bne = F.embedding(ids_bn, self.codes())
        weight = self.post_quant_conv.weight
        return F.linear(vectors_bne.to(weight.dtype), weight.flatten(1), self.post_quant_conv.bias)


def _pointwise(conv: nn.Conv2d, x_bnd: Tensor) -> Tensor:
    """Apply a 1x1 convolution to the last axis, in fp32."""
    bias = None if conv.bias is None else conv.bias.float()
    return F.linear(x_bnd, conv.weight.flatten(1).float(), bias)
