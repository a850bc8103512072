"""Systems with random weights of any size, in memory or as a checkpoint in the published layout.

What random weights say nothing about is not measured with them: which codes are chosen, how often
something is skipped, what quantisation costs. What arithmetic costs does not depend on them, as
long as they are not zero.
"""

import dataclasses
import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import nn

from glm_image.checkpoint import published
from glm_image.checkpoint.published import Components
from glm_image.checkpoint.settings import SamplingDefaults
from glm_image.image.size import SourceLimits
from glm_image.models import presets
from glm_image.models.dit import DiT, DiTConfig
from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.glyph_encoder import GlyphEncoder, GlyphEncoderConfig
from glm_image.models.presets import Presets
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae, VaeConfig
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig
from glm_image.tokenizer.text import Roles, TextTokenizer

MARKERS = (
    "<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>",
    "<|assistant|>", "<|observation|>", "<|begin_of_image|>", "<|end_of_image|>",
    "<|begin_of_video|>", "<|end_of_video|>", "<|image|>", "<|video|>",
)  # fmt: skip
BYTES = 256

SOURCE_LIMITS = SourceLimits(
    min_pixels=64**2, max_pixels=2048**2, patch_size=16, mean=(0.5,) * 3, std=(0.5,) * 3
)

_PEAK = 3.0
"""Spread of the random logits: one code stands out, so that rounding seldom changes a choice."""


def midsize() -> Presets:
    """Large enough that arithmetic and memory count, small enough for two processor cores."""
    return _presets(
        codes=16384, width=512, layers=8, heads=8, feed=1728, blocks=8, head_dim=64,
        channels=(32, 64, 128, 128), glyph_width=192, side=256,
    )  # fmt: skip


def tiny() -> Presets:
    """The smallest that has every part, to try the scripts."""
    return small(codes=64)


def small(codes: int) -> Presets:
    """Hardly larger than the tiny one, with a codebook of any size.

    Args:
        codes: Entries of the codebook.
    """
    return _presets(
        codes=codes, width=64, layers=2, heads=2, feed=96, blocks=2, head_dim=16,
        channels=(8, 8, 8, 8), glyph_width=32, side=64,
    )  # fmt: skip


def full() -> Presets:
    """The published system, with the ids of the vocabulary that is made here."""
    published_one = presets.full()
    text = published_one.generator.text
    markers = text.vision_vocab_size + BYTES
    generator = dataclasses.replace(
        published_one.generator,
        text=dataclasses.replace(text, pad_token_id=markers),
        image_token_id=markers + MARKERS.index("<|image|>"),
    )
    return dataclasses.replace(published_one, generator=generator)


def _presets(  # noqa: PLR0913 - the numbers in which the sizes differ
    *,
    codes: int,
    width: int,
    layers: int,
    heads: int,
    feed: int,
    blocks: int,
    head_dim: int,
    channels: tuple[int, ...],
    glyph_width: int,
    side: int,
) -> Presets:
    output = codes + 128
    rotated = width // heads // 4
    return Presets(
        generator=GeneratorConfig(
            text=GlmConfig(
                vocab_size=output + BYTES + len(MARKERS),
                vision_vocab_size=output,
                hidden_size=width,
                intermediate_size=feed,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                num_key_value_heads=2,
                head_dim=width // heads,
                rms_norm_eps=1e-5,
                attention_bias=True,
                rope_theta=10000.0,
                partial_rotary_factor=0.5,
                mrope_section=(rotated - 2 * (rotated // 3), rotated // 3, rotated // 3),
                max_position_embeddings=131072,
                eos_token_id=codes + 1,
                pad_token_id=output + BYTES,
            ),
            vision=VisionConfig(
                depth=2,
                hidden_size=64,
                num_heads=2,
                intermediate_size=128,
                image_size=side,
                patch_size=16,
                in_channels=3,
                layer_norm_eps=1e-6,
                attention_bias=True,
            ),
            vq=VqConfig(embed_dim=32, num_embeddings=codes, latent_channels=64),
            image_start_token_id=codes,
            image_end_token_id=codes + 1,
            image_token_id=output + BYTES + MARKERS.index("<|image|>"),
        ),
        dit=DiTConfig(
            patch_size=2,
            in_channels=16,
            out_channels=16,
            num_layers=blocks,
            attention_head_dim=head_dim,
            num_attention_heads=width // head_dim,
            text_embed_dim=glyph_width,
            time_embed_dim=2 * head_dim,
            condition_dim=head_dim,
            prior_vq_quantizer_codebook_size=codes,
        ),
        vae=VaeConfig(
            in_channels=3,
            out_channels=3,
            latent_channels=16,
            block_out_channels=channels,
            layers_per_block=2,
            norm_num_groups=4,
            sample_size=side,
            latents_mean=(0.0,) * 16,
            latents_std=(1.0,) * 16,
            scaling_factor=1.0,
            force_upcast=True,
        ),
        glyph_encoder=GlyphEncoderConfig(
            vocab_size=384,
            d_model=glyph_width,
            d_kv=16,
            d_ff=2 * glyph_width,
            num_layers=2,
            num_heads=4,
            relative_attention_num_buckets=32,
            relative_attention_max_distance=128,
            layer_norm_epsilon=1e-6,
        ),
    )


def outline(sizes: Presets) -> Components:
    """A system whose networks have shapes and no memory."""
    with torch.device("meta"):
        return Components(
            generator=Generator(sizes.generator),
            dit=DiT(sizes.dit),
            vae=Vae(sizes.vae),
            glyph_encoder=GlyphEncoder(sizes.glyph_encoder),
            text_tokenizer=_tokenizer(sizes.generator),
            schedule=ScheduleConfig(),
            sampling=SamplingDefaults(
                temperature=0.9, top_p=0.75, top_k=sizes.generator.text.vision_vocab_size
            ),
            source_limits=SOURCE_LIMITS,
        )


def components(
    sizes: Presets, device: torch.device, dtype: torch.dtype = torch.float32
) -> Components:
    """Networks with random weights, made on the device that they stay on.

    Args:
        sizes: What they are.
        device: Where they are.
        dtype: Of all weights.
    """
    made = outline(sizes)
    source = torch.Generator(device).manual_seed(0)
    for network in (made.generator, made.dit, made.vae, made.glyph_encoder):
        network.to(dtype).to_empty(device=device).eval().requires_grad_(False)
        randomise(network, source)
    head = made.generator.lm_head.weight
    head.mul_(_PEAK)
    # The reference may choose what is no code, and cannot go on then; it never wants to.
    head[sizes.generator.num_codes :] = 0.0
    return made


def checkpoint(sizes: Presets, folder: Path) -> Path:
    """Write a system with random weights, in fp32, and return its folder."""
    published.save(components(sizes, torch.device("cpu")), folder)
    return folder


@torch.no_grad()
def randomise(network: nn.Module, source: torch.Generator) -> None:
    """Matrices N(0, 1 / fan_in), scales of norms 1, other vectors N(0, .02)."""
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.ndim > 1:
                fan_in = parameter[0].numel()
                std = 0.7 if isinstance(module, nn.Embedding) else fan_in**-0.5
                parameter.normal_(0.0, std, generator=source)
            elif name == "weight":
                parameter.fill_(1.0)
            else:
                parameter.normal_(0.0, 0.02, generator=source)


def _tokenizer(config: GeneratorConfig) -> TextTokenizer:
    """One id per byte, the markers behind them, and codes as the published vocabulary has them."""
    codes = [f"<|dit_token_{index}|>" for index in range(config.text.vision_vocab_size)]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: index for index, name in enumerate([*codes, *alphabet, *MARKERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    special = [codes[config.image_start_token_id], codes[config.image_end_token_id], *MARKERS]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    roles = Roles(
        image="<|image|>",
        grid_start="<sop>",
        grid_end="<eop>",
        start=special[0],
        end=special[1],
    )
    return TextTokenizer(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False), roles)
