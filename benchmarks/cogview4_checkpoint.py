"""Checkpoints of CogView4 with random weights of any size, in the published layout."""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from torch import nn

from glm_image.checkpoint import cogview4_configs, configs, keymap
from glm_image.checkpoint.safetensors_file import write_file
from glm_image.models.cogview4_dit import CogView4Config, CogView4DiT
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.text_encoder import TextEncoder, TextEncoderConfig
from glm_image.models.vae import Vae, VaeConfig

MARKERS = ("<|endoftext|>", "[gMASK]", "<sop>", "<|user|>")
BYTES = 256

Randomise = Callable[[nn.Module, torch.Generator], None]


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


def write(
    folder: Path,
    text: TextEncoderConfig,
    dit: CogView4Config,
    vae: VaeConfig,
    randomise: Randomise,
    generator: torch.Generator,
) -> Path:
    """Write a checkpoint with random weights in fp32 and return its folder.

    Args:
        folder: The new folder.
        text: Of the text encoder, as it was trained.
        dit: Of the decoder.
        vae: Of the autoencoder.
        randomise: Fills a network.
        generator: Randomness.
    """
    # One more layer than the encoder runs, and the norm behind it, as in the published file.
    whole = TextEncoder(
        TextEncoderConfig(**{**vars(text), "num_hidden_layers": text.num_hidden_layers + 1})
    )
    networks: dict[str, tuple[str, nn.Module, keymap.KeyTable]] = {
        "text_encoder": ("model", whole, keymap.text_encoder(text.num_hidden_layers)),
        "transformer": ("diffusion_pytorch_model", CogView4DiT(dit), keymap.COGVIEW4_DIT),
        "vae": ("diffusion_pytorch_model", Vae(vae), keymap.VAE),
    }
    files = {
        "text_encoder/config.json": cogview4_configs.write_text_encoder(text),
        "transformer/config.json": cogview4_configs.write_dit(dit),
        "vae/config.json": cogview4_configs.write_vae(vae),
        "scheduler/scheduler_config.json": configs.write_schedule(ScheduleConfig()),
        "tokenizer/tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": "<|endoftext|>",
            "padding_side": "left",
            "model_max_length": 100000,
        },
        "model_index.json": {
            "_class_name": "CogView4ControlPipeline" if dit.takes_control else "CogView4Pipeline",
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
        randomise(network, generator)
        tensors = {
            str(table.to_published(key)): value for key, value in network.state_dict().items()
        }
        if name == "text_encoder":
            tensors["norm.weight"] = torch.ones(text.hidden_size)
        write_file(folder / name / f"{stem}.safetensors", tensors, None)
    return folder
