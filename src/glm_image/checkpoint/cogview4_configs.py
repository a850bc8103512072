"""Published configs of CogView4 to ours.

Source: zai-org/CogView4-6B, ``config.json`` of every folder; reference behaviour of the fields:
transformers and diffusers.
"""

from glm_image.checkpoint.configs import (
    BOOKKEEPING,
    VAE_DEFAULTS,
    VAE_FIXED,
    read_plain,
    read_rope,
    vae_blocks,
)
from glm_image.checkpoint.fields import Fields
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


def read_dit(fields: Fields) -> CogView4Config | None:
    """``transformer/config.json``; None if there were problems."""
    return read_plain(CogView4Config, fields, defaults=_DIT_DEFAULTS)


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
