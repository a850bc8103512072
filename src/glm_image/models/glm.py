"""The GLM decoder stack: causal, grouped queries, partial rotation with three position axes.

Legend: b batch, t query tokens, s key tokens, d width, h query heads, k key/value heads,
r rotated channels.

Every layer normalises before *and* after each branch::

    x = x + post_self_attn_layernorm(attention(input_layernorm(x)))
    x = x + post_mlp_layernorm(mlp(post_attention_layernorm(x)))

Source: GLM-4-0414 (post-norms), Su et al. 2021 (rotation), Wang et al. 2024, Qwen2-VL, section 2.1
(three position axes); reference behaviour: transformers, GlmImageTextModel.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from glm_image.errors import ConfigError, ShapeError
from glm_image.layers.attention import attend
from glm_image.layers.cache import KeyValueStore, KVCache
from glm_image.layers.mask import causal_mask
from glm_image.layers.mlp import GatedMLP
from glm_image.layers.norm import RMSNorm
from glm_image.layers.rope import inverse_frequencies, rotate


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """Shape of a stack of GLM layers.

    Args:
        vocab_size: Rows of the input embedding (image codes, their markers, text).
        hidden_size: Width of the residual stream.
        intermediate_size: Width of gate and up in the feed-forward network, each.
        num_hidden_layers: Number of layers.
        num_attention_heads: Query heads.
        num_key_value_heads: Key/value heads; divides the query heads.
        head_dim: Channels per head.
        rms_norm_eps: Epsilon of every norm.
        attention_bias: Whether the q, k and v projections have a bias (the output has none).
        rope_theta: Base of the rotary frequencies.
        partial_rotary_factor: Share of each head's channels that is rotated, in (0, 1].
        max_position_embeddings: Longest position the weights were trained for.
        pad_token_id: Id that fills short rows of a batch.
    """

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    rms_norm_eps: float
    attention_bias: bool
    rope_theta: float
    partial_rotary_factor: float
    max_position_embeddings: int
    pad_token_id: int

    def __post_init__(self) -> None:
        if self.num_attention_heads % self.num_key_value_heads:
            raise ConfigError(
                f"{self.num_key_value_heads} does not divide {self.num_attention_heads} heads",
                field="num_key_value_heads",
                hint="every key/value head serves the same number of query heads",
            )

    @property
    def rotary_dim(self) -> int:
        """Rotated channels per head."""
        return int(self.head_dim * self.partial_rotary_factor)


@dataclass(frozen=True, kw_only=True)
class GlmConfig(StackConfig):
    """Shape of the stack that writes codes.

    Args:
        vision_vocab_size: Rows of the output head; its ids are the first input ids.
        mrope_section: Frequencies driven by the time, row and column position, in this order.
        eos_token_id: Id that ends a generation.
    """

    vision_vocab_size: int
    mrope_section: tuple[int, int, int]
    eos_token_id: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.mrope_section) != 3 or 2 * sum(self.mrope_section) != self.rotary_dim:
            raise ConfigError(
                f"{tuple(self.mrope_section)} does not split {self.rotary_dim // 2} frequencies",
                field="mrope_section",
                hint="three counts with the sum head_dim * partial_rotary_factor / 2",
            )
        if self.vision_vocab_size > self.vocab_size:
            raise ConfigError(
                f"{self.vision_vocab_size} output ids, only {self.vocab_size} input ids",
                field="vision_vocab_size",
                hint="every id the head can choose must have an input embedding",
            )


@dataclass(frozen=True, kw_only=True)
class Context:
    """What all layers of one forward pass share.

    Args:
        cos_b1tr: Cosines of the rotation, from :meth:`GlmModel.rotary_tables`.
        sin_b1tr: Its sines.
        mask: Boolean ``[B, 1, T, S]``, True where attention is allowed; None allows everything.
        causal: Token ``t`` sees tokens up to ``t``; only without a mask.
        cache: Where keys and values of earlier tokens are.
    """

    cos_b1tr: Tensor
    sin_b1tr: Tensor
    mask: Tensor | None = None
    causal: bool = False
    cache: KeyValueStore | None = None

    @cached_property
    def signed_sin_b1tr(self) -> Tensor:
        """The sines with their first half negated, for those who swap halves without a sign."""
        low, high = self.sin_b1tr.chunk(2, dim=-1)
        return torch.cat((-low, high), dim=-1)


class Attention(nn.Module):
    """Causal self-attention with grouped queries and rotated positions.

    Args:
        config: Shape of the stack.
        layer: Index of the layer, which is its place in the cache.
    """

    def __init__(self, config: StackConfig, layer: int) -> None:
        super().__init__()
        dim, head_dim, bias = config.hidden_size, config.head_dim, config.attention_bias
        self.layer = layer
        self.head_dim = head_dim
        self.q_proj = nn.Linear(dim, config.num_attention_heads * head_dim, bias=bias)
        self.k_proj = nn.Linear(dim, config.num_key_value_heads * head_dim, bias=bias)
        self.v_proj = nn.Linear(dim, config.num_key_value_heads * head_dim, bias=bias)
        self.o_proj = nn.Linear(config.num_attention_heads * head_dim, dim, bias=False)

    def forward(self, x_btd: Tensor, context: Context) -> Tensor:
        """Attend within the sequence and, if there is a cache, to everything before it."""
        heads = (*x_btd.shape[:2], -1, self.head_dim)
        q_bhtd = self.q_proj(x_btd).view(heads).transpose(1, 2)
        k_bktd = self.k_proj(x_btd).view(heads).transpose(1, 2)
        v_bksd = self.v_proj(x_btd).view(heads).transpose(1, 2)
        q_bhtd, k_bksd = self.turn(q_bhtd, context), self.turn(k_bktd, context)
        if context.cache is not None:
            k_bksd, v_bksd = context.cache.write(self.layer, k_bksd, v_bksd)
        out_bhtd = attend(q_bhtd, k_bksd, v_bksd, mask=context.mask, causal=context.causal)
        out_btd: Tensor = self.o_proj(out_bhtd.transpose(1, 2).flatten(2))
        return out_btd

    def turn(self, x_bhtd: Tensor, context: Context) -> Tensor:
        """Rotate queries or keys."""
        return rotate(x_bhtd, context.cos_b1tr, context.sin_b1tr)


class DecoderLayer(nn.Module):
    """Attention and feed-forward network, each with a norm before and after.

    Args:
        config: Shape of the stack.
        layer: Index of the layer.
    """

    def __init__(self, config: GlmConfig, layer: int) -> None:
        super().__init__()
        dim, eps = config.hidden_size, config.rms_norm_eps
        self.input_layernorm = RMSNorm(dim, eps)
        self.self_attn = Attention(config, layer)
        self.post_self_attn_layernorm = RMSNorm(dim, eps)
        self.post_attention_layernorm = RMSNorm(dim, eps)
        self.mlp = GatedMLP(dim, config.intermediate_size)
        self.post_mlp_layernorm = RMSNorm(dim, eps)

    def forward(self, x_btd: Tensor, context: Context) -> Tensor:
        """Map ``[B, T, D]`` to ``[B, T, D]``."""
        attended_btd = self.self_attn(self.input_layernorm(x_btd), context)
        x_btd = x_btd + self.post_self_attn_layernorm(attended_btd)
        fed_btd = self.mlp(self.post_attention_layernorm(x_btd))
        x_btd = x_btd + self.post_mlp_layernorm(fed_btd)
        return x_btd


class GlmModel(nn.Module):
    """Token embedding, decoder layers and final norm; positions and cache come from the caller.

    Args:
        config: Shape of the stack.
    """

    def __init__(self, config: GlmConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            DecoderLayer(config, layer) for layer in range(config.num_hidden_layers)
        )
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(
        self,
        x_btd: Tensor,
        position_ids_3bt: Tensor,
        *,
        mask: Tensor | None = None,
        cache: KVCache | None = None,
    ) -> Tensor:
        """Run the stack over new tokens.

        Args:
            x_btd: Embedded tokens ``[B, T, D]``.
            position_ids_3bt: Integer time, row and column positions ``[3, B, T]``.
            mask: Boolean ``[B, 1, T, S]``, True where attention is allowed; ``S`` is ``T`` plus
                the length of the cache. None is causal attention over everything.
            cache: Keys and values of earlier tokens; the new ones are appended.

        Returns:
            Hidden states after the final norm ``[B, T, D]``.

        Raises:
            ShapeError: The positions do not fit the tokens.
        """
        batch, tokens = x_btd.shape[:2]
        if position_ids_3bt.shape != (3, batch, tokens):
            raise ShapeError(
                f"got {tuple(position_ids_3bt.shape)}, expected {(3, batch, tokens)}",
                field="position_ids_3bt",
                hint="one time, row and column position for every token",
            )
        past = 0 if cache is None else cache.length
        if mask is None and past and tokens > 1:
            mask = causal_mask(tokens, past + tokens, x_btd.device)
        cos_b1tr, sin_b1tr = self.rotary_tables(position_ids_3bt)
        context = Context(
            cos_b1tr=cos_b1tr,
            sin_b1tr=sin_b1tr,
            mask=mask,
            causal=mask is None and tokens > 1,
            cache=cache,
        )
        hidden_btd = self.run(x_btd, context)
        if cache is not None:
            cache.advance(tokens)
        return hidden_btd

    def run(self, x_btd: Tensor, context: Context) -> Tensor:
        """All layers and the final norm over embedded tokens ``[B, T, D]``."""
        for layer in self.layers:
            x_btd = layer(x_btd, context)
        hidden_btd: Tensor = self.norm(x_btd)
        return hidden_btd

    def rotary_tables(self, position_ids_3bt: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines ``[B, 1, T, r]`` in fp32; each frequency follows one axis."""
        config = self.config
        device = position_ids_3bt.device
        frequencies = inverse_frequencies(config.rotary_dim, config.rope_theta).to(device)
        sections = torch.split(frequencies, list(config.mrope_section))
        angles_btf = torch.cat(
            [
                axis_bt[..., None] * section
                for axis_bt, section in zip(position_ids_3bt.float(), sections, strict=True)
            ],
            dim=-1,
        )
        angles_b1tr = torch.cat((angles_btf, angles_btf), dim=-1)[:, None]
        return angles_b1tr.cos(), angles_b1tr.sin()
