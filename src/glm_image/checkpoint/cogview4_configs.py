"""Published configs of CogView4 to ours and back.

Source: zai-org/CogView4-6B, ``config.json`` of every folder; reference behaviour of the fields:
transformers and diffusers.
"""

from typing import Any

from glm_image.checkpoint.configs import (
    BOOKKEEPING,
    VAE_DEFAULTS,
    VAE_FIXED,
    read_plain,
    read_rope,
    vae_blocks,
)
from glm_image.checkpoint.configs import write_vae as write_any_vae
from glm_image.checkpoint.fields import Fields
from glm_image.config import to_mapping
from glm_image.models.cogview4_dit import CogView4Config
from glm_image.models.text_encoder import TextEncoderConfig
from glm_image.models.vae import VaeConfig

_TEXT_DEFAULTS = {"attention_bias": True, "rms_norm_eps": 1.5625e-7}
_ROPE_DEFAULTS = {"rope_theta": 10000.0, "partial_rotary_factor": 0.5}
_DIT_DEFAULTS = {"rope_axes_dim": (256, 256), "sample_size": 128, "pos_embed_max_size": 128}
"""What an absent field means to the libraries as well as to the published model."""


def read_text_encoder(fields: Fields) -> TextEncoderConfig | None:
    """``text_encoder/config.json``; None if there were problems."""
    fields.expect({"model_type": "glm", "hidden_act": "silu", "tie_word_embeddings": False})
    fields.ignore(BOOKKEEPING)
    fields.ignore(("eos_token_id", "bos_token_id", "layer_types"))
    values = read_rope(fields, tuple(_ROPE_DEFAULTS), _ROPE_DEFAULTS)
    heads, width = fields.get("num_attention_heads"), fields.get("hidden_size")
    if isinstance(heads, int) and isinstance(width, int) and heads:
        values["head_dim"] = fields.get("head_dim", width // heads)
    return read_plain(TextEncoderConfig, fields, known=values, defaults=_TEXT_DEFAULTS)


def write_text_encoder(config: TextEncoderConfig) -> dict[str, Any]:
    """Content of ``text_encoder/config.json``."""
    values = to_mapping(config)
    rope = {"rope_type": "default", **{name: values.pop(name) for name in _ROPE_DEFAULTS}}
    return {
        "architectures": ["GlmModel"],
        "model_type": "glm",
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        **values,
        "rope_parameters": rope,
    }


def read_dit(fields: Fields) -> CogView4Config | None:
    """``transformer/config.json``; None if there were problems."""
    return read_plain(CogView4Config, fields, defaults=_DIT_DEFAULTS)


def write_dit(config: CogView4Config) -> dict[str, Any]:
    """Content of ``transformer/config.json``."""
    return {"_class_name": "CogView4Transformer2DModel", **to_mapping(config)}


def read_vae(fields: Fields) -> VaeConfig | None:
    """``vae/config.json``; None if there were problems.

    Latents are only scaled, which is a mean of 0 and a deviation of ``1 / scaling_factor``.
    """
    levels = len(fields.get("block_out_channels", []))
    fields.require(VAE_FIXED | vae_blocks(levels))
    fields.expect({"act_fn": "silu"})
    fields.ignore(("shift_factor", "latents_mean", "latents_std"))
    scale, channels = fields.get("scaling_factor", 0.18215), fields.get("latent_channels")
    known = {}
    if isinstance(channels, int) and isinstance(scale, int | float) and scale:
        known = {"latents_mean": (0.0,) * channels, "latents_std": (1.0 / scale,) * channels}
    return read_plain(VaeConfig, fields, known=known, defaults=VAE_DEFAULTS)


def write_vae(config: VaeConfig) -> dict[str, Any]:
    """Content of ``vae/config.json``: latents are scaled by one number."""
    return write_any_vae(config) | {"latents_mean": None, "latents_std": None}
