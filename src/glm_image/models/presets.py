"""Complete configurations of the networks.

``full`` is field by field the published system.

Source: zai-org/GLM-Image, ``config.json`` in ``vision_language_encoder``, ``transformer``, ``vae``
and ``text_encoder``.
"""

from dataclasses import dataclass

from glm_image.models.dit import DiTConfig
from glm_image.models.generator import GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.glyph_encoder import GlyphEncoderConfig
from glm_image.models.vae import VaeConfig
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig

_LATENTS_MEAN = (
    -0.2080078125,
    1.875,
    -0.470703125,
    -1.265625,
    -1.421875,
    0.77734375,
    -0.3671875,
    -0.9453125,
    0.318359375,
    0.7734375,
    -0.1884765625,
    -0.022216796875,
    -0.220703125,
    -1.59375,
    -0.81640625,
    -0.255859375,
)
_LATENTS_STD = (
    3.0625,
    2.203125,
    2.265625,
    4.84375,
    2.5,
    3.9375,
    2.203125,
    3.03125,
    2.1875,
    2.046875,
    2.71875,
    2.390625,
    2.390625,
    2.453125,
    2.25,
    2.15625,
)


@dataclass(frozen=True, kw_only=True)
class Presets:
    """Configurations of all networks of one system.

    Attributes:
        generator: The autoregressive generator.
        dit: The diffusion decoder.
        vae: The autoencoder.
        glyph_encoder: The encoder of texts to be drawn.
    """

    generator: GeneratorConfig
    dit: DiTConfig
    vae: VaeConfig
    glyph_encoder: GlyphEncoderConfig


def full() -> Presets:
    """The published system, 17.7 billion parameters."""
    return Presets(
        generator=full_generator(),
        dit=full_dit(),
        vae=full_vae(),
        glyph_encoder=full_glyph_encoder(),
    )


def full_generator() -> GeneratorConfig:
    """The published generator, 10.1 billion parameters."""
    return GeneratorConfig(
        text=GlmConfig(
            vocab_size=168064,
            vision_vocab_size=16512,
            hidden_size=4096,
            intermediate_size=13696,
            num_hidden_layers=40,
            num_attention_heads=32,
            num_key_value_heads=2,
            head_dim=128,
            rms_norm_eps=1e-5,
            attention_bias=True,
            rope_theta=10000.0,
            partial_rotary_factor=0.5,
            mrope_section=(8, 12, 12),
            max_position_embeddings=131072,
            eos_token_id=16385,
            pad_token_id=167841,
        ),
        vision=VisionConfig(
            depth=40,
            hidden_size=1536,
            num_heads=16,
            intermediate_size=6144,
            image_size=2048,
            patch_size=16,
            in_channels=3,
            layer_norm_eps=1e-6,
            attention_bias=True,
        ),
        vq=VqConfig(embed_dim=2048, num_embeddings=16384, latent_channels=1536),
        image_start_token_id=16384,
        image_end_token_id=16385,
        image_token_id=167855,
    )


def full_dit() -> DiTConfig:
    """The published diffusion decoder, 6.9 billion parameters."""
    return DiTConfig(
        patch_size=2,
        in_channels=16,
        out_channels=16,
        num_layers=30,
        attention_head_dim=128,
        num_attention_heads=32,
        text_embed_dim=1472,
        time_embed_dim=512,
        condition_dim=256,
        prior_vq_quantizer_codebook_size=16384,
    )


def full_vae() -> VaeConfig:
    """The published autoencoder, 406 million parameters."""
    return VaeConfig(
        in_channels=3,
        out_channels=3,
        latent_channels=16,
        block_out_channels=(128, 512, 1024, 1024),
        layers_per_block=3,
        norm_num_groups=32,
        sample_size=1024,
        latents_mean=_LATENTS_MEAN,
        latents_std=_LATENTS_STD,
        scaling_factor=0.18215,
        force_upcast=True,
    )


def full_glyph_encoder() -> GlyphEncoderConfig:
    """The published glyph encoder, 218 million parameters."""
    return GlyphEncoderConfig(
        vocab_size=384,
        d_model=1472,
        d_kv=64,
        d_ff=3584,
        num_layers=12,
        num_heads=6,
        relative_attention_num_buckets=32,
        relative_attention_max_distance=128,
        layer_norm_epsilon=1e-6,
    )


def nano_generator(vocab_size: int) -> GeneratorConfig:
    """Generator of the bundled model; ``vocab_size`` comes with its tokenizer."""
    codes, features = 9408, 192
    return GeneratorConfig(
        text=GlmConfig(
            vocab_size=vocab_size,
            vision_vocab_size=codes + 128,
            hidden_size=256,
            intermediate_size=512,
            num_hidden_layers=8,
            num_attention_heads=8,
            num_key_value_heads=2,
            head_dim=32,
            rms_norm_eps=1e-5,
            attention_bias=True,
            # Eight frequencies serve three axes; a small base keeps columns and rows apart.
            rope_theta=20.0,
            partial_rotary_factor=0.5,
            mrope_section=(2, 3, 3),
            max_position_embeddings=4096,
            eos_token_id=codes + 1,
            pad_token_id=codes + 128 + 256,
        ),
        vision=VisionConfig(
            depth=4,
            hidden_size=features,
            num_heads=6,
            intermediate_size=2 * features,
            image_size=256,
            patch_size=16,
            in_channels=3,
            layer_norm_eps=1e-6,
            attention_bias=True,
        ),
        vq=VqConfig(embed_dim=64, num_embeddings=codes, latent_channels=features),
        image_start_token_id=codes,
        image_end_token_id=codes + 1,
        image_token_id=codes + 128 + 256 + 14,
    )


def nano_vae(
    latents_mean: tuple[float, ...] = (0.0,) * 16, latents_std: tuple[float, ...] = (1.0,) * 16
) -> VaeConfig:
    """Autoencoder of the bundled model; the statistics are measured after training."""
    return VaeConfig(
        in_channels=3,
        out_channels=3,
        latent_channels=16,
        block_out_channels=(32, 48, 64, 96),
        layers_per_block=1,
        # Few groups: a group must keep the contrast between its channels, or colours are lost.
        norm_num_groups=4,
        sample_size=256,
        latents_mean=latents_mean,
        latents_std=latents_std,
        scaling_factor=1.0,
        force_upcast=True,
    )


def nano_dit() -> DiTConfig:
    """Diffusion decoder of the bundled model."""
    return DiTConfig(
        patch_size=2,
        in_channels=16,
        out_channels=16,
        num_layers=6,
        attention_head_dim=64,
        num_attention_heads=4,
        text_embed_dim=192,
        time_embed_dim=64,
        condition_dim=32,
        prior_vq_quantizer_codebook_size=9408,
    )


def nano_glyph_encoder() -> GlyphEncoderConfig:
    """Glyph encoder of the bundled model."""
    return GlyphEncoderConfig(
        vocab_size=384,
        d_model=192,
        d_kv=32,
        d_ff=384,
        num_layers=3,
        num_heads=4,
        relative_attention_num_buckets=32,
        relative_attention_max_distance=128,
        layer_norm_epsilon=1e-6,
    )
