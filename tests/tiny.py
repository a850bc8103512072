"""A tiny checkpoint with random weights: every structure of the published one, made in a second.

Ids: 0-63 codes, 64 start, 65 end, up to 71 unused, then 256 bytes, then 16 markers. Weights are
large enough that a wrong bias, norm or position shows.
"""

import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import nn

from glm_image.checkpoint import published
from glm_image.checkpoint.published import Components
from glm_image.checkpoint.settings import SamplingDefaults
from glm_image.image.size import SourceLimits
from glm_image.models.dit import DiT, DiTConfig
from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.glm import GlmConfig
from glm_image.models.glyph_encoder import GlyphEncoder, GlyphEncoderConfig
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae, VaeConfig
from glm_image.models.vit import VisionConfig
from glm_image.models.vq import VqConfig
from glm_image.tokenizer.text import Roles, TextTokenizer

CODES = 64
START = 64
END = 65
VISION_VOCAB = 72
MARKERS = (
    "<|endoftext|>",
    "[MASK]",
    "[gMASK]",
    "[sMASK]",
    "<sop>",
    "<eop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|observation|>",
    "<|begin_of_image|>",
    "<|end_of_image|>",
    "<|begin_of_video|>",
    "<|end_of_video|>",
    "<|image|>",
    "<|video|>",
)
VOCAB = VISION_VOCAB + 256 + len(MARKERS)
IMAGE = VISION_VOCAB + 256 + MARKERS.index("<|image|>")

ROLES = Roles(
    image="<|image|>",
    grid_start="<sop>",
    grid_end="<eop>",
    start=f"<|dit_token_{START}|>",
    end=f"<|dit_token_{END}|>",
)

LIMITS = SourceLimits(
    min_pixels=64**2,
    max_pixels=512**2,
    patch_size=16,
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)


def tokenizer_json() -> str:
    """Byte-level BPE without merges: one id per byte, markers at fixed ids."""
    codes = [f"<|dit_token_{index}|>" for index in range(VISION_VOCAB)]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: index for index, name in enumerate([*codes, *alphabet, *MARKERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name in [*codes, *MARKERS]]
    )
    content: str = tokenizer.to_str()
    return json.dumps(json.loads(content), ensure_ascii=False)


def generator_config() -> GeneratorConfig:
    """Grouped queries, partial rotation, uneven sections."""
    return GeneratorConfig(
        text=GlmConfig(
            vocab_size=VOCAB,
            vision_vocab_size=VISION_VOCAB,
            hidden_size=128,
            intermediate_size=192,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=32,
            rms_norm_eps=1e-5,
            attention_bias=True,
            rope_theta=10000.0,
            partial_rotary_factor=0.5,
            mrope_section=(2, 3, 3),
            max_position_embeddings=8192,
            eos_token_id=END,
            pad_token_id=VISION_VOCAB + 256,
        ),
        vision=VisionConfig(
            depth=2,
            hidden_size=32,
            num_heads=2,
            intermediate_size=64,
            image_size=256,
            patch_size=16,
            in_channels=3,
            layer_norm_eps=1e-6,
            attention_bias=True,
        ),
        vq=VqConfig(embed_dim=16, num_embeddings=CODES, latent_channels=32),
        image_start_token_id=START,
        image_end_token_id=END,
        image_token_id=IMAGE,
    )


def dit_config() -> DiTConfig:
    """Two blocks of two heads."""
    return DiTConfig(
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        text_embed_dim=32,
        time_embed_dim=16,
        condition_dim=8,
        prior_vq_quantizer_codebook_size=CODES,
    )


def vae_config() -> VaeConfig:
    """Four levels, so that one latent position is 8 pixels."""
    return VaeConfig(
        in_channels=3,
        out_channels=3,
        latent_channels=4,
        block_out_channels=(8, 16, 16, 16),
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        latents_mean=(-0.25, 0.5, 0.125, -0.75),
        latents_std=(1.5, 1.25, 1.75, 1.125),
        scaling_factor=0.18215,
        force_upcast=True,
    )


def glyph_encoder_config() -> GlyphEncoderConfig:
    """Two layers of four heads over bytes."""
    return GlyphEncoderConfig(
        vocab_size=384,
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        relative_attention_num_buckets=32,
        relative_attention_max_distance=128,
        layer_norm_epsilon=1e-6,
    )


def components(seed: int = 0) -> Components:
    """Networks with visible random weights, and everything around them."""
    made = Components(
        generator=Generator(generator_config()).eval(),
        dit=DiT(dit_config()).eval(),
        vae=Vae(vae_config()).eval(),
        glyph_encoder=GlyphEncoder(glyph_encoder_config()).eval(),
        text_tokenizer=TextTokenizer(tokenizer_json(), ROLES),
        schedule=ScheduleConfig(),
        sampling=SamplingDefaults(temperature=0.9, top_p=0.75, top_k=VISION_VOCAB),
        source_limits=LIMITS,
    )
    generator = torch.Generator().manual_seed(seed)
    for network in networks(made).values():
        randomise(network, generator)
    return made


def networks(made: Components) -> dict[str, nn.Module]:
    """The networks by the name of their folder in a checkpoint."""
    return {
        "vision_language_encoder": made.generator,
        "transformer": made.dit,
        "vae": made.vae,
        "text_encoder": made.glyph_encoder,
    }


@torch.no_grad()
def randomise(network: nn.Module, generator: torch.Generator) -> None:
    """Matrices N(0, 1 / fan_in), norm scales 1 ± 0.2, other vectors ± 0.2, embeddings 0.7."""
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            noise = torch.randn(parameter.shape, generator=generator)
            if isinstance(module, nn.Embedding):
                parameter.copy_(0.7 * noise)
            elif parameter.ndim > 1:
                parameter.copy_(noise * parameter[0].numel() ** -0.5)
            elif name == "weight":
                parameter.copy_(1 + 0.2 * noise)
            else:
                parameter.copy_(0.2 * noise)


def build(folder: Path, seed: int = 0) -> Path:
    """Write the tiny checkpoint and return its folder."""
    published.save(components(seed), folder)
    return folder
