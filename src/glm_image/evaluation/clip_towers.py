"""The two towers of CLIP, of pictures and of texts.

Parameter names are those of the published checkpoints. Legend of names: b batch, t tokens, d
channels, h and w pixels.

Source: Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision
(arXiv 2103.00020); reference behaviour: transformers, ``CLIPModel``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from glm_image.errors import ConfigError

_LEGACY_END = 2


def _quick_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.702 * x)


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "quick_gelu": _quick_gelu,
    "gelu": functional.gelu,
}


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """Sizes of the tower of texts; defaults are those of the published files that leave them out.

    Attributes:
        eos_token_id: End of a text; 2 in old files, where the largest id is meant.
    """

    hidden_size: int = 512
    intermediate_size: int = 2048
    num_hidden_layers: int = 12
    num_attention_heads: int = 8
    max_position_embeddings: int = 77
    vocab_size: int = 49408
    hidden_act: str = "quick_gelu"
    layer_norm_eps: float = 1e-5
    eos_token_id: int = 49407


@dataclass(frozen=True, kw_only=True)
class ImageConfig:
    """Sizes of the tower of pictures; sides in pixels."""

    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    image_size: int = 224
    patch_size: int = 32
    num_channels: int = 3
    hidden_act: str = "quick_gelu"
    layer_norm_eps: float = 1e-5


@dataclass(frozen=True, kw_only=True)
class ClipConfig:
    """Sizes of both towers and of the space that they share."""

    text_config: TextConfig = field(default_factory=TextConfig)
    vision_config: ImageConfig = field(default_factory=ImageConfig)
    projection_dim: int = 512

    def __post_init__(self) -> None:
        for tower in (self.text_config, self.vision_config):
            if tower.hidden_act not in _ACTIVATIONS:
                raise ConfigError(f"unknown activation {tower.hidden_act!r}", field="hidden_act")
            if tower.hidden_size % tower.num_attention_heads:
                raise ConfigError(
                    f"{tower.hidden_size} channels do not divide into "
                    f"{tower.num_attention_heads} heads",
                    field="num_attention_heads",
                )


class ClipTowers(nn.Module):
    """Both towers with their projections."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.text_model = _TextTower(config.text_config)
        self.vision_model = _ImageTower(config.vision_config)
        self.text_projection = nn.Linear(
            config.text_config.hidden_size, config.projection_dim, bias=False
        )
        self.visual_projection = nn.Linear(
            config.vision_config.hidden_size, config.projection_dim, bias=False
        )
        self.logit_scale = nn.Parameter(torch.zeros(()))

    def embed_texts(self, ids_bt: Tensor) -> Tensor:
        """Embeddings ``[B, projection]`` of token ids with their start and end."""
        projected: Tensor = self.text_projection(self.text_model(ids_bt))
        return projected

    def embed_images(self, pixels_bchw: Tensor) -> Tensor:
        """Embeddings ``[B, projection]`` of normalised pixels."""
        projected: Tensor = self.visual_projection(self.vision_model(pixels_bchw))
        return projected


class _TextTower(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {
                "token_embedding": nn.Embedding(config.vocab_size, config.hidden_size),
                "position_embedding": nn.Embedding(
                    config.max_position_embeddings, config.hidden_size
                ),
            }
        )
        self.encoder = _Encoder(config, causal=True)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self._end = config.eos_token_id

    def forward(self, ids_bt: Tensor) -> Tensor:
        positions = torch.arange(ids_bt.shape[1], device=ids_bt.device)
        x_btd = self.embeddings["token_embedding"](ids_bt)
        x_btd = x_btd + self.embeddings["position_embedding"](positions)
        x_btd = self.final_layer_norm(self.encoder(x_btd))
        marked = ids_bt if self._end == _LEGACY_END else (ids_bt == self._end).int()
        ends = marked.argmax(dim=1)
        pooled: Tensor = x_btd[torch.arange(len(ends), device=ends.device), ends]
        return pooled


class _ImageTower(nn.Module):
    def __init__(self, config: ImageConfig) -> None:
        super().__init__()
        self.embeddings = _Patches(config)
        # The published checkpoints spell it so.
        self.pre_layrnorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = _Encoder(config, causal=False)
        self.post_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, pixels_bchw: Tensor) -> Tensor:
        x_btd = self.encoder(self.pre_layrnorm(self.embeddings(pixels_bchw)))
        pooled: Tensor = self.post_layernorm(x_btd[:, 0])
        return pooled


class _Patches(nn.Module):
    """Patches behind one token for the whole picture."""

    def __init__(self, config: ImageConfig) -> None:
        super().__init__()
        width, patch = config.hidden_size, config.patch_size
        tokens = (config.image_size // patch) ** 2 + 1
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.patch_embedding = nn.Conv2d(config.num_channels, width, patch, patch, bias=False)
        self.position_embedding = nn.Embedding(tokens, width)

    def forward(self, pixels_bchw: Tensor) -> Tensor:
        patches_btd = self.patch_embedding(pixels_bchw).flatten(2).transpose(1, 2)
        first_b1d = self.class_embedding.expand(len(patches_btd), 1, -1)
        x_btd = torch.cat((first_b1d, patches_btd), dim=1)
        return x_btd + self.position_embedding.weight


class _Encoder(nn.Module):
    def __init__(self, config: TextConfig | ImageConfig, *, causal: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            _Layer(config, causal=causal) for _ in range(config.num_hidden_layers)
        )

    def forward(self, x_btd: Tensor) -> Tensor:
        for layer in self.layers:
            x_btd = layer(x_btd)
        return x_btd


class _Layer(nn.Module):
    def __init__(self, config: TextConfig | ImageConfig, *, causal: bool) -> None:
        super().__init__()
        width, eps = config.hidden_size, config.layer_norm_eps
        self.layer_norm1 = nn.LayerNorm(width, eps=eps)
        self.self_attn = _Attention(width, config.num_attention_heads, causal=causal)
        self.layer_norm2 = nn.LayerNorm(width, eps=eps)
        self.mlp = nn.ModuleDict(
            {
                "fc1": nn.Linear(width, config.intermediate_size),
                "fc2": nn.Linear(config.intermediate_size, width),
            }
        )
        self._activation = _ACTIVATIONS[config.hidden_act]

    def forward(self, x_btd: Tensor) -> Tensor:
        x_btd = x_btd + self.self_attn(self.layer_norm1(x_btd))
        inner = self._activation(self.mlp["fc1"](self.layer_norm2(x_btd)))
        mixed: Tensor = x_btd + self.mlp["fc2"](inner)
        return mixed


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int, *, causal: bool) -> None:
        super().__init__()
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        self._heads = heads
        self._causal = causal

    def forward(self, x_btd: Tensor) -> Tensor:
        query, key, value = (
            project(x_btd).unflatten(-1, (self._heads, -1)).transpose(1, 2)
            for project in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=self._causal)
        out: Tensor = self.out_proj(mixed.transpose(1, 2).flatten(2))
        return out
