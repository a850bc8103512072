"""The reference generator of the parity tests: tiny configurations and pairs of networks."""

from dataclasses import dataclass

import torch
from transformers import GlmImageConfig, GlmImageForConditionalGeneration
from visible_weights import make_visible

from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig

CODES, START, END, VISION_VOCAB, PLACEHOLDER, VOCAB = 64, 64, 65, 72, 340, 344


def config(text: dict[str, object], vision: dict[str, object], code_dim: int) -> GeneratorConfig:
    return GeneratorConfig(
        text=GlmConfig(
            vocab_size=VOCAB,
            vision_vocab_size=VISION_VOCAB,
            max_position_embeddings=8192,
            eos_token_id=END,
            pad_token_id=328,
            **text,  # type: ignore[arg-type]
        ),
        vision=VisionConfig(in_channels=3, layer_norm_eps=1e-6, **vision),  # type: ignore[arg-type]
        vq=VqConfig(
            embed_dim=code_dim,
            num_embeddings=CODES,
            latent_channels=vision["hidden_size"],  # type: ignore[arg-type]
        ),
        image_start_token_id=START,
        image_end_token_id=END,
        image_token_id=PLACEHOLDER,
    )


SHAPES = {
    "as published, small": config(
        {
            "hidden_size": 128,
            "intermediate_size": 192,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 32,
            "rms_norm_eps": 1e-5,
            "attention_bias": True,
            "rope_theta": 10000.0,
            "partial_rotary_factor": 0.5,
            "mrope_section": (2, 3, 3),
        },
        {
            "depth": 2,
            "hidden_size": 32,
            "num_heads": 2,
            "intermediate_size": 64,
            "image_size": 256,
            "patch_size": 16,
            "attention_bias": True,
        },
        16,
    ),
    "wide heads, one key head, other rotation": config(
        {
            "hidden_size": 40,
            "intermediate_size": 56,
            "num_hidden_layers": 2,
            "num_attention_heads": 6,
            "num_key_value_heads": 1,
            "head_dim": 24,
            "rms_norm_eps": 1e-2,
            "attention_bias": True,
            "rope_theta": 500.0,
            "partial_rotary_factor": 0.75,
            "mrope_section": (4, 3, 2),
        },
        {
            "depth": 3,
            "hidden_size": 60,
            "num_heads": 5,
            "intermediate_size": 100,
            "image_size": 56,
            "patch_size": 8,
            "attention_bias": True,
        },
        24,
    ),
    "no biases, all channels rotated, no groups": config(
        {
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 4,
            "head_dim": 16,
            "rms_norm_eps": 1e-6,
            "attention_bias": False,
            "rope_theta": 10000.0,
            "partial_rotary_factor": 1.0,
            "mrope_section": (3, 1, 4),
        },
        {
            "depth": 1,
            "hidden_size": 48,
            "num_heads": 4,
            "intermediate_size": 64,
            "image_size": 128,
            "patch_size": 4,
            "attention_bias": False,
        },
        8,
    ),
}


def reference_config(ours: GeneratorConfig) -> GlmImageConfig:
    text, vision, vq = ours.text, ours.vision, ours.vq
    return GlmImageConfig(
        image_start_token_id=ours.image_start_token_id,
        image_end_token_id=ours.image_end_token_id,
        image_token_id=ours.image_token_id,
        text_config={
            "vocab_size": text.vocab_size,
            "vision_vocab_size": text.vision_vocab_size,
            "hidden_size": text.hidden_size,
            "intermediate_size": text.intermediate_size,
            "num_hidden_layers": text.num_hidden_layers,
            "num_attention_heads": text.num_attention_heads,
            "num_key_value_heads": text.num_key_value_heads,
            "head_dim": text.head_dim,
            "rms_norm_eps": text.rms_norm_eps,
            "attention_bias": text.attention_bias,
            "max_position_embeddings": text.max_position_embeddings,
            "eos_token_id": text.eos_token_id,
            "pad_token_id": text.pad_token_id,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": text.rope_theta,
                "partial_rotary_factor": text.partial_rotary_factor,
                "mrope_section": list(text.mrope_section),
            },
        },
        vision_config={
            "depth": vision.depth,
            "hidden_size": vision.hidden_size,
            "num_heads": vision.num_heads,
            "intermediate_size": vision.intermediate_size,
            "image_size": vision.image_size,
            "patch_size": vision.patch_size,
            "in_channels": vision.in_channels,
            "layer_norm_eps": vision.layer_norm_eps,
            "attention_bias": vision.attention_bias,
        },
        vq_config={
            "embed_dim": vq.embed_dim,
            "num_embeddings": vq.num_embeddings,
            "latent_channels": vq.latent_channels,
        },
    )


@dataclass(frozen=True)
class Pair:
    """Our generator and the reference with the same weights."""

    ours: Generator
    reference: GlmImageForConditionalGeneration


def build_pair(shape: str, seed: int) -> Pair:
    """One of ``SHAPES`` with visible weights."""
    with torch.random.fork_rng(devices=[]):
        reference = GlmImageForConditionalGeneration(reference_config(SHAPES[shape])).eval()
    make_visible(reference, seed)
    with torch.device("meta"):
        ours = Generator(SHAPES[shape])
    weights = {
        name.removeprefix("model."): value.clone() for name, value in reference.state_dict().items()
    }
    ours.load_state_dict(weights, strict=True, assign=True)
    return Pair(ours, reference)
