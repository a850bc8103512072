"""Complete configurations of the networks of CogView4.

Source: zai-org/CogView4-6B, ``config.json`` in ``text_encoder``, ``transformer`` and ``vae``.
"""

from dataclasses import replace

from glm_image.models import presets
from glm_image.models.cogview4_dit import CogView4Config
from glm_image.models.text_encoder import TextEncoderConfig
from glm_image.models.vae import VaeConfig


def full_text_encoder() -> TextEncoderConfig:
    """The published text encoder, 8.8 billion parameters with the layer that is not loaded."""
    return TextEncoderConfig(
        vocab_size=151552,
        hidden_size=4096,
        intermediate_size=13696,
        num_hidden_layers=40,
        num_attention_heads=32,
        num_key_value_heads=2,
        head_dim=128,
        rms_norm_eps=1.5625e-7,
        attention_bias=True,
        rope_theta=10000.0,
        partial_rotary_factor=0.5,
        max_position_embeddings=131072,
        pad_token_id=151329,
    )


def full_dit(*, control: bool = False) -> CogView4Config:
    """The published decoder, 6.4 billion parameters, or its variant with a control picture."""
    return CogView4Config(
        patch_size=2,
        in_channels=32 if control else 16,
        out_channels=16,
        num_layers=28,
        attention_head_dim=128,
        num_attention_heads=32,
        text_embed_dim=4096,
        time_embed_dim=512,
        condition_dim=256,
        rope_axes_dim=(256, 256),
        sample_size=128,
        pos_embed_max_size=128,
    )


def full_vae() -> VaeConfig:
    """The published autoencoder: GLM-Image's, whose latents are not scaled."""
    glm_image = presets.full_vae()
    channels = glm_image.latent_channels
    return replace(
        glm_image,
        latents_mean=(0.0,) * channels,
        latents_std=(1.0,) * channels,
        scaling_factor=1.0,
    )
