"""Complete configurations of the networks.

``full_generator`` is field by field the published generator.

Source: zai-org/GLM-Image, ``vision_language_encoder/config.json``.
"""

from glm_image.models.generator import GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig


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
