"""A tiny checkpoint of CogView4 with random weights, in the published layout."""

import json
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from torch import Tensor, nn

import tiny
from glm_image.checkpoint import configs, keymap
from glm_image.checkpoint.safetensors_file import write_file
from glm_image.config import to_mapping
from glm_image.models.cogview4_dit import CogView4Config, CogView4DiT
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.text_encoder import TextEncoder, TextEncoderConfig
from glm_image.models.vae import Vae, VaeConfig

MARKERS = ("<|endoftext|>", "[gMASK]", "<sop>", "<|user|>")
VOCAB = 256 + len(MARKERS)
PAD = 256


def tokenizer_json() -> str:
    """Byte-level BPE without merges that frames every text as the published one does."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {name: index for index, name in enumerate([*alphabet, *MARKERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name in MARKERS]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[gMASK] <sop> $A",
        pair="[gMASK] <sop> $A $B:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[gMASK]", "<sop>")],
    )
    return str(tokenizer.to_str())


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
    generator = torch.Generator().manual_seed(seed)
    text, dit, vae = text_config(), dit_config(control=control), vae_config()
    # One more layer than the encoder runs, and the norm behind it, as in the published file.
    whole = TextEncoder(TextEncoderConfig(**{**vars(text), "num_hidden_layers": 4}))
    networks: dict[str, tuple[str, nn.Module, keymap.KeyTable]] = {
        "text_encoder": ("model", whole, keymap.text_encoder(3)),
        "transformer": ("diffusion_pytorch_model", CogView4DiT(dit), keymap.COGVIEW4_DIT),
        "vae": ("diffusion_pytorch_model", Vae(vae), keymap.VAE),
    }
    text_json = to_mapping(text)
    rope = {name: text_json.pop(name) for name in ("rope_theta", "partial_rotary_factor")}
    vae_json = {
        **configs.write_vae(vae),
        "latents_mean": None,
        "latents_std": None,
    }
    files = {
        "text_encoder/config.json": {
            "architectures": ["GlmModel"],
            "model_type": "glm",
            "hidden_act": "silu",
            "rope_parameters": {"rope_type": "default", **rope},
            **text_json,
        },
        "transformer/config.json": {"_class_name": "CogView4Transformer2DModel", **to_mapping(dit)},
        "vae/config.json": vae_json,
        "scheduler/scheduler_config.json": configs.write_schedule(ScheduleConfig()),
        "tokenizer/tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": "<|endoftext|>",
            "padding_side": "left",
            "model_max_length": 100000,
        },
        "model_index.json": {
            "_class_name": "CogView4ControlPipeline" if control else "CogView4Pipeline",
            "_diffusers_version": "0.33.0",
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "GlmModel"],
            "tokenizer": ["transformers", "PreTrainedTokenizerFast"],
            "transformer": ["diffusers", "CogView4Transformer2DModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    (folder / "tokenizer" / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")
    for name, (stem, network, table) in networks.items():
        tiny.randomise(network, generator)
        tensors = {str(table.to_published(key)): value for key, value in _weights(network)}
        if name == "text_encoder":
            tensors["norm.weight"] = torch.ones(text.hidden_size)
        write_file(folder / name / f"{stem}.safetensors", tensors, None)
    return folder


def _weights(network: nn.Module) -> list[tuple[str, Tensor]]:
    return list(network.state_dict().items())
