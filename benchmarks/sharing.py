"""The reference pipeline around the very tensors of a system of ours: nothing is copied."""

from pathlib import Path
from typing import Any

from accelerate import init_empty_weights  # type: ignore[import-untyped]
from diffusers import AutoencoderKL, GlmImageTransformer2DModel
from torch import nn
from transformers import GlmImageConfig, GlmImageForConditionalGeneration, T5Config, T5EncoderModel

from benchmarks import systems
from benchmarks.reference import load
from glm_image.checkpoint import configs, keymap
from glm_image.checkpoint.keymap import KeyTable
from glm_image.checkpoint.published import Components
from glm_image.device import Device


def share(parts: Components, folder: Path, device: Device) -> Any:
    """Build the reference pipeline with weights of ours.

    Tokenizers and settings come from a small checkpoint with the same vocabulary.

    Args:
        parts: Plain networks, before a plan changes their layers.
        folder: An empty folder for the small checkpoint.
        device: Where the weights are.
    """
    codes = parts.generator.config.num_codes
    pipe = load(systems.checkpoint(systems.small(codes), folder / "small"))
    settings = pipe.vision_language_encoder.generation_config
    with init_empty_weights(include_buffers=False):
        generator = GlmImageForConditionalGeneration(
            GlmImageConfig(**_options(configs.write_generator(parts.generator.config)))
        )
        transformer = GlmImageTransformer2DModel.from_config(configs.write_dit(parts.dit.config))
        vae = AutoencoderKL.from_config(configs.write_vae(parts.vae.config))
        glyph_encoder = T5EncoderModel(
            T5Config(**_options(configs.write_glyph_encoder(parts.glyph_encoder.config)))
        )
    generator.generation_config = settings
    _give(parts.generator, generator, keymap.GENERATOR)
    _give(parts.dit, transformer, keymap.DIT)
    _give(parts.vae, vae, keymap.VAE)
    _give(parts.glyph_encoder, glyph_encoder, keymap.GLYPH_ENCODER)
    pipe.register_modules(
        vision_language_encoder=generator,
        transformer=transformer,
        vae=vae,
        text_encoder=glyph_encoder,
    )
    for network in (generator, transformer, vae, glyph_encoder):
        network.eval().requires_grad_(False).to(device.torch_device)
    return pipe


def _options(content: dict[str, Any]) -> dict[str, Any]:
    """What a configuration takes of the content of its file."""
    return {name: value for name, value in content.items() if name != "architectures"}


def _give(ours: nn.Module, theirs: nn.Module, table: KeyTable) -> None:
    """Let a network of the reference hold our tensors, as parameters of its own."""
    weights = {str(table.to_published(name)): value for name, value in ours.state_dict().items()}
    weights |= {copy: weights[original] for copy, original in table.copies.items()}
    theirs.load_state_dict(weights, strict=True, assign=True)
