"""Glyph encoder: the bytes of the texts to be drawn, as states for the diffusion decoder.

Shape legend: b batch, s bytes, d channels, h heads, k head channels.

Source: Raffel et al. 2020, section 2.1 (T5 encoder); Shazeer 2020 (gated GELU); Xue et al. 2022
(ByT5); reference behaviour: transformers, T5EncoderModel.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from glm_image.errors import ConfigError, ShapeError
from glm_image.layers.attention import attend
from glm_image.layers.norm import RMSNorm

# Finite, so that a sample without any real byte stays finite too; exact in bf16 and fp32 ranges.
_FORBIDDEN = -1e30

PUBLISHED_NAMES = {
    "embedding": "shared",
    "relative_bias": "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
    "layers.{i}.attention_norm": "encoder.block.{i}.layer.0.layer_norm",
    "layers.{i}.attention.query": "encoder.block.{i}.layer.0.SelfAttention.q",
    "layers.{i}.attention.key": "encoder.block.{i}.layer.0.SelfAttention.k",
    "layers.{i}.attention.value": "encoder.block.{i}.layer.0.SelfAttention.v",
    "layers.{i}.attention.output": "encoder.block.{i}.layer.0.SelfAttention.o",
    "layers.{i}.feed_forward_norm": "encoder.block.{i}.layer.1.layer_norm",
    "layers.{i}.feed_forward.gate": "encoder.block.{i}.layer.1.DenseReluDense.wi_0",
    "layers.{i}.feed_forward.up": "encoder.block.{i}.layer.1.DenseReluDense.wi_1",
    "layers.{i}.feed_forward.down": "encoder.block.{i}.layer.1.DenseReluDense.wo",
    "final_norm": "encoder.final_layer_norm",
}
"""Module names here and in the published file; ``{i}`` counts layers, all end in ``.weight``."""


@dataclass(frozen=True, kw_only=True)
class GlyphEncoderConfig:
    """What a glyph encoder is.

    Attributes:
        vocab_size: Number of token ids: bytes are shifted by 3, 0 pads, 1 ends, 2 is unknown.
        d_model: Channels of the states.
        d_kv: Channels of one head.
        d_ff: Channels inside the feed-forward network.
        num_layers: Number of layers.
        num_heads: Number of heads.
        relative_attention_num_buckets: Buckets of the distance between two bytes, for both
            directions together; a multiple of 4.
        relative_attention_max_distance: From this distance on all bytes share a bucket.
        layer_norm_epsilon: Added to the mean square in normalisations.

    Raises:
        ConfigError: The buckets cannot be laid out.
    """

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_heads: int
    relative_attention_num_buckets: int
    relative_attention_max_distance: int
    layer_norm_epsilon: float

    def __post_init__(self) -> None:
        buckets = self.relative_attention_num_buckets
        if buckets % 4 or buckets < 4:
            raise ConfigError(
                f"{buckets} is not a positive multiple of 4",
                field="relative_attention_num_buckets",
                hint="each direction has as many exact as logarithmic buckets",
            )
        if self.relative_attention_max_distance <= buckets // 4:
            raise ConfigError(
                f"{self.relative_attention_max_distance} is not beyond the exact buckets",
                field="relative_attention_max_distance",
                hint=f"choose more than {buckets // 4}",
            )


def distance_buckets(length: int, config: GlyphEncoderConfig, device: torch.device) -> Tensor:
    """Sort the distance from each query to each key into buckets.

    Half of the buckets are for keys after the query. In each half, the first half is exact and
    the rest widens logarithmically up to the largest distance.

    Args:
        length: Number of bytes ``s``.
        config: Number of buckets and largest distance.
        device: Where to compute.

    Returns:
        ``[s, s]`` int64, queries in rows.
    """
    side = config.relative_attention_num_buckets // 2
    exact = side // 2
    place = torch.arange(length, device=device)
    offset = place[None, :] - place[:, None]
    distance = offset.abs()
    octaves = torch.log(distance.clamp(min=1).float() / exact)
    span = math.log(config.relative_attention_max_distance / exact)
    coarse = exact + (octaves / span * (side - exact)).long()
    bucket = torch.where(distance < exact, distance, coarse.clamp(max=side - 1))
    return bucket + side * (offset > 0)


class Attention(nn.Module):
    """Bidirectional self-attention without biases and without scaling of the logits."""

    def __init__(self, config: GlyphEncoderConfig) -> None:
        super().__init__()
        inner = config.num_heads * config.d_kv
        self.heads = config.num_heads
        self.query = nn.Linear(config.d_model, inner, bias=False)
        self.key = nn.Linear(config.d_model, inner, bias=False)
        self.value = nn.Linear(config.d_model, inner, bias=False)
        self.output = nn.Linear(inner, config.d_model, bias=False)

    def forward(self, x_bsd: Tensor, bias: Tensor) -> Tensor:
        """Map ``[b, s, d]`` to the same shape; ``bias`` is added to logits ``[b, h, s, s]``."""
        query_bhsk, key_bhsk, value_bhsk = (
            layer(x_bsd).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        bias = bias.to(query_bhsk.dtype)
        out_bhsk = attend(query_bhsk, key_bhsk, value_bhsk, bias=bias, scale=1.0)
        out_bsd: Tensor = self.output(out_bhsk.transpose(1, 2).flatten(2))
        return out_bsd


class FeedForward(nn.Module):
    """Feed-forward network with a GELU gate (tanh form)."""

    def __init__(self, config: GlyphEncoderConfig) -> None:
        super().__init__()
        self.gate = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.up = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.down = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x_bsd: Tensor) -> Tensor:
        """Map ``[b, s, d]`` to the same shape."""
        gate = F.gelu(self.gate(x_bsd), approximate="tanh")
        out_bsd: Tensor = self.down(gate * self.up(x_bsd))
        return out_bsd


class Layer(nn.Module):
    """Attention and feed-forward network, each normalised before and added after."""

    def __init__(self, config: GlyphEncoderConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)
        self.attention = Attention(config)
        self.feed_forward_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)
        self.feed_forward = FeedForward(config)

    def forward(self, x_bsd: Tensor, bias: Tensor) -> Tensor:
        """Map ``[b, s, d]`` to the same shape; ``bias`` as in :class:`Attention`."""
        x_bsd = x_bsd + self.attention(self.attention_norm(x_bsd), bias)
        out_bsd: Tensor = x_bsd + self.feed_forward(self.feed_forward_norm(x_bsd))
        return out_bsd


class GlyphEncoder(nn.Module):
    """The glyph encoder: byte ids to states."""

    def __init__(self, config: GlyphEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.relative_bias = nn.Embedding(config.relative_attention_num_buckets, config.num_heads)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.final_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)

    def forward(self, ids_bs: Tensor, mask_bs: Tensor) -> Tensor:
        """Encode texts.

        Args:
            ids_bs: Byte ids ``[b, s]``.
            mask_bs: True for real bytes; states elsewhere have no meaning.

        Returns:
            ``[b, s, d_model]`` in the dtype of the weights.

        Raises:
            ShapeError: The mask is not boolean or not shaped like the ids.
        """
        if mask_bs.dtype is not torch.bool or mask_bs.shape != ids_bs.shape:
            raise ShapeError(
                f"got {mask_bs.dtype} {list(mask_bs.shape)} for ids {list(ids_bs.shape)}",
                field="mask_bs",
                hint="give one boolean per id",
            )
        buckets = distance_buckets(ids_bs.shape[1], self.config, ids_bs.device)
        bias = self.relative_bias(buckets).permute(2, 0, 1)[None]
        bias = bias.masked_fill(~mask_bs[:, None, None], _FORBIDDEN)
        x_bsd = self.embedding(ids_bs)
        for layer in self.layers:
            x_bsd = layer(x_bsd, bias)
        states_bsd: Tensor = self.final_norm(x_bsd)
        return states_bsd
