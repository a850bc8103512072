"""A tiny checkpoint of CogView4 with random weights, in the published layout."""

from pathlib import Path

import torch

import tiny
from benchmarks import cogview4_checkpoint
from benchmarks.cogview4_checkpoint import BYTES, MARKERS
from glm_image.models.cogview4_dit import CogView4Config
from glm_image.models.text_encoder import TextEncoderConfig
from glm_image.models.vae import VaeConfig

VOCAB = BYTES + len(MARKERS)
PAD = BYTES


def text_config() -> TextEncoderConfig:
    """Grouped queries and partial rotation."""
    return TextEncoderConfig(
        vocab_size=VOCAB,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        rms_norm_eps=1.5625e-7,
        attention_bias=True,
        rope_theta=10000.0,
        partial_rotary_factor=0.5,
        max_position_embeddings=2048,
        pad_token_id=PAD,
    )


def dit_config(*, control: bool = False) -> CogView4Config:
    """Two blocks of two heads; pictures of 64 pixels by default."""
    return CogView4Config(
        patch_size=2,
        in_channels=8 if control else 4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        text_embed_dim=32,
        time_embed_dim=16,
        condition_dim=8,
        rope_axes_dim=(256, 256),
        sample_size=8,
        pos_embed_max_size=128,
    )


def vae_config() -> VaeConfig:
    """Latents that are scaled by a half."""
    return VaeConfig(
        **{
            **vars(tiny.vae_config()),
            "latents_mean": (0.0,) * 4,
            "latents_std": (2.0,) * 4,
            "scaling_factor": 0.5,
        }
    )


def build(folder: Path, seed: int = 0, *, control: bool = False) -> Path:
    """Write the tiny checkpoint and return its folder."""
    return cogview4_checkpoint.write(
        folder,
        text_config(),
        dit_config(control=control),
        vae_config(),
        tiny.randomise,
        torch.Generator().manual_seed(seed),
    )
