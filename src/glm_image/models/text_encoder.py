"""The text encoder of CogView4: GLM-4-9B up to its second-to-last layer.

Two norms per layer, where the generator of GLM-Image has four, and pairs of neighbouring channels
that are rotated; attention and feed-forward network are the generator's. The picture is drawn from
what goes into the last layer, so that layer and the last norm are not even loaded.

Legend: b batch, t tokens, d width, h heads, k head channels, r rotated channels.

Source: GLM-4, zai-org/GLM-4; reference behaviour: transformers, GlmModel, and diffusers,
CogView4Pipeline (second-to-last hidden state).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glm_image.errors import ConfigError
from glm_image.layers.mlp import GatedMLP
from glm_image.layers.norm import RMSNorm
from glm_image.layers.rope import gather_pairs, inverse_frequencies
from glm_image.models.glm import Attention, Context, StackConfig


@dataclass(frozen=True, kw_only=True)
class TextEncoderConfig(StackConfig):
    """Shape of the stack as it was trained; one layer more than the encoder runs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.num_hidden_layers < 2:
            raise ConfigError(
                f"got {self.num_hidden_layers}", field="num_hidden_layers", hint="2 or more"
            )

    @property
    def used_layers(self) -> int:
        """Layers that the encoder runs."""
        return self.num_hidden_layers - 1


class PairedAttention(Attention):
    """Attention whose rotation turns neighbouring channels."""

    def turn(self, x_bhtk: Tensor, context: Context) -> Tensor:
        """Rotate queries or keys."""
        return super().turn(gather_pairs(x_bhtk, context.cos_b1tr.shape[-1]), context)


class TextLayer(nn.Module):
    """Attention and feed-forward network, each with a norm before it."""

    def __init__(self, config: StackConfig, layer: int) -> None:
        super().__init__()
        dim, eps = config.hidden_size, config.rms_norm_eps
        self.input_layernorm = RMSNorm(dim, eps)
        self.self_attn = PairedAttention(config, layer)
        self.post_attention_layernorm = RMSNorm(dim, eps)
        self.mlp = GatedMLP(dim, config.intermediate_size)

    def forward(self, x_btd: Tensor, context: Context) -> Tensor:
        """Map ``[B, T, D]`` to ``[B, T, D]``."""
        x_btd = x_btd + self.self_attn(self.input_layernorm(x_btd), context)
        fed_btd: Tensor = self.mlp(self.post_attention_layernorm(x_btd))
        return x_btd + fed_btd


class TextStack(nn.Module):
    """Token embedding and the layers that are run."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(TextLayer(config, i) for i in range(config.used_layers))


class TextEncoder(nn.Module):
    """Ids of a prompt to its states."""

    def __init__(self, config: TextEncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.language_model = TextStack(config)

    def forward(self, ids_bt: Tensor) -> Tensor:
        """States ``[B, T, D]`` of prompts of equal length.

        Every token sees those before it, padding included: the weights of the decoder were trained
        with such states.

        Args:
            ids_bt: Ids int64, padded on the left.
        """
        config, tokens = self.config, ids_bt.shape[1]
        frequencies = inverse_frequencies(config.rotary_dim, config.rope_theta).to(ids_bt.device)
        places_t = torch.arange(tokens, dtype=torch.float32, device=ids_bt.device)
        angles_tr = torch.outer(places_t, frequencies).repeat(1, 2)[None, None]
        context = Context(cos_b1tr=angles_tr.cos(), sin_b1tr=angles_tr.sin(), causal=tokens > 1)
        x_btd: Tensor = self.language_model.embed_tokens(ids_bt)
        for layer in self.language_model.layers:
            x_btd = layer(x_btd, context)
        return x_btd
