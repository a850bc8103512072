"""A whole checkpoint in the published folder layout, in and out.

================================  ============================================================
``model_index.json``              which class each folder belongs to
``vision_language_encoder/``      generator: ``config.json``, ``generation_config.json``, weights
``processor/``                    text tokenizer, chat template, image settings
``transformer/``                  diffusion decoder: ``config.json``, weights
``vae/``                          autoencoder: ``config.json``, weights
``text_encoder/``                 glyph encoder: ``config.json``, weights
``tokenizer/``                    the glyph encoder's byte tokenizer
``scheduler/``                    ``scheduler_config.json``
================================  ============================================================

Source: zai-org/GLM-Image; reference behaviour: diffusers, GlmImagePipeline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from glm_image.checkpoint import configs, keymap, settings
from glm_image.checkpoint.fields import Fields
from glm_image.checkpoint.holdings import (
    DIFFUSERS_STEM,
    DIT_FOLDER,
    SCHEDULER_FILE,
    SCHEDULER_FOLDER,
    TRANSFORMERS_STEM,
    VAE_FOLDER,
    Holdings,
    Stored,
    fill,
    read_tokenizer,
    require_index,
    write_rest,
    wrong_settings,
)
from glm_image.checkpoint.outline import without_memory
from glm_image.checkpoint.reader import Target
from glm_image.checkpoint.saving import DEFAULT_SHARD_SIZE, refuse_rebuilt, write_network
from glm_image.checkpoint.settings import SamplingDefaults
from glm_image.checkpoint.writer import MARKER_FILE, whole_folder, write_json
from glm_image.errors import ConfigError
from glm_image.image.size import SourceLimits
from glm_image.models.dit import DiT, DiTConfig
from glm_image.models.generator import Generator, GeneratorConfig
from glm_image.models.glyph_encoder import GlyphEncoder, GlyphEncoderConfig
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae, VaeConfig
from glm_image.tokenizer.glyph import BYTE_OFFSET
from glm_image.tokenizer.text import SETTINGS_FILE, TOKENIZER_FILE, TextTokenizer

GENERATOR_FOLDER = "vision_language_encoder"
GLYPH_ENCODER_FOLDER = "text_encoder"
PROCESSOR_FOLDER = "processor"
BYTE_TOKENIZER_FOLDER = "tokenizer"

GENERATION_FILE = "generation_config.json"

ABOUT_FILE = "about.json"
"""What a model was trained to draw; the published checkpoint has none."""

DOCUMENTS = (ABOUT_FILE, "README.md", "QUALITY.md", "LICENSE")
"""Files of a checkpoint that are for readers and stay with it when it is converted."""


@dataclass(frozen=True, kw_only=True)
class Components(Holdings):
    """Everything a checkpoint of GLM-Image holds.

    Args:
        generator: The autoregressive generator.
        dit: The diffusion decoder.
        vae: The autoencoder.
        glyph_encoder: The encoder of quoted texts.
        text_tokenizer: The generator's tokenizer.
        schedule: Numbers of the noise schedule.
        sampling: How tokens are sampled by default.
        source_limits: How source images are scaled.

    Raises:
        ConfigError: The parts do not fit each other.
    """

    LANGUAGE: ClassVar[str] = "generator"
    LANGUAGE_FOLDER: ClassVar[str] = GENERATOR_FOLDER

    generator: Generator
    dit: DiT
    glyph_encoder: GlyphEncoder
    text_tokenizer: TextTokenizer
    sampling: SamplingDefaults
    source_limits: SourceLimits

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The networks by name."""
        return {
            "generator": self.generator,
            "decoder": self.dit,
            "autoencoder": self.vae,
            "glyph encoder": self.glyph_encoder,
        }

    def stored(self) -> tuple[Stored, ...]:
        """The networks and where their weights stand."""
        return _networks(self)

    def __post_init__(self) -> None:
        problems = _Parts(
            generator=self.generator.config,
            dit=self.dit.config,
            vae=self.vae.config,
            glyph_encoder=self.glyph_encoder.config,
            text_tokenizer=self.text_tokenizer,
            schedule=self.schedule,
            sampling=self.sampling,
            source_limits=self.source_limits,
        ).mismatches()
        if problems:
            raise ConfigError("; ".join(problems), field="components")


def load(folder: Path, *, dtype: torch.dtype, device: torch.device) -> Components:
    """Read a checkpoint.

    Networks are built without memory and filled one tensor at a time: the peak is the networks
    plus one tensor.

    Args:
        folder: A folder in the published layout.
        dtype: Dtype of all weights.
        device: Device of all weights.

    Raises:
        NotFoundError: The folder is not there or is no checkpoint.
        CheckpointError: Configs or weights are wrong; every problem is listed.
    """
    components = outline(folder)
    fill(components, folder, Target(dtype=dtype, device=device))
    return components


def outline(folder: Path) -> Components:
    """Read everything but the weights: networks have their shapes and no memory.

    Args:
        folder: A folder in the published layout.

    Raises:
        NotFoundError: The folder is not there or is no checkpoint.
        CheckpointError: Configs are wrong; every problem is listed.
    """
    require_index(folder)
    parts = _read_parts(folder)
    with without_memory():
        return Components(
            generator=Generator(parts.generator).eval(),
            dit=DiT(parts.dit).eval(),
            vae=Vae(parts.vae).eval(),
            glyph_encoder=GlyphEncoder(parts.glyph_encoder).eval(),
            text_tokenizer=parts.text_tokenizer,
            schedule=parts.schedule,
            sampling=parts.sampling,
            source_limits=parts.source_limits,
        )


def save(
    components: Components,
    folder: Path,
    *,
    dtype: torch.dtype | None = None,
    shard_size: int = DEFAULT_SHARD_SIZE,
    documents: Mapping[str, str] | None = None,
) -> None:
    """Write a checkpoint that this package and the reference libraries load.

    The folder appears whole or not at all; an older checkpoint there is replaced.

    Args:
        components: What to write.
        folder: The new folder.
        dtype: Dtype of the weights in the files; None keeps that of each weight.
        shard_size: Most bytes per file of weights.
        documents: Texts for readers by file name, such as a model card.

    Raises:
        CheckpointError: The folder holds something else, the disk is full or not writable, a
            weight cannot be stored, or a network was rebuilt to run faster.
    """
    for network in _networks(components):
        refuse_rebuilt(network)
    with whole_folder(folder) as part:
        for network in _networks(components):
            write_network(network, part, dtype=dtype, shard_size=shard_size)
        generator = components.generator.config
        sampling = settings.write_sampling(components.sampling, generator)
        write_json(part / GENERATOR_FOLDER / GENERATION_FILE, sampling)
        _write_processor(components, part / PROCESSOR_FOLDER)
        (part / BYTE_TOKENIZER_FOLDER).mkdir()
        byte_settings = settings.write_byte_tokenizer_settings()
        write_json(part / BYTE_TOKENIZER_FOLDER / SETTINGS_FILE, byte_settings)
        write_rest(components, part, settings.write_index(), documents)


def documents_of(folder: Path) -> dict[str, str]:
    """The texts for readers that a checkpoint has, by file name."""
    paths = [folder / name for name in DOCUMENTS]
    return {path.name: path.read_text(encoding="utf-8") for path in paths if path.is_file()}


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """What the small files say, before there are networks."""

    generator: GeneratorConfig
    dit: DiTConfig
    vae: VaeConfig
    glyph_encoder: GlyphEncoderConfig
    text_tokenizer: TextTokenizer
    schedule: ScheduleConfig
    sampling: SamplingDefaults
    source_limits: SourceLimits

    def mismatches(self) -> list[str]:
        """Every pair of values that should be equal, or ordered, and is not."""
        tokenizer, generator = self.text_tokenizer, self.generator
        equal = {
            "glyph encoder width": (self.glyph_encoder.d_model, self.dit.text_embed_dim),
            "number of codes": (
                generator.num_codes,
                self.dit.prior_vq_quantizer_codebook_size,
            ),
            "latent channels": (self.vae.latent_channels, self.dit.in_channels),
            "velocity channels": (self.vae.latent_channels, self.dit.out_channels),
            "patch size": (self.source_limits.patch_size, generator.vision.patch_size),
            "image start id": (tokenizer.start_id, generator.image_start_token_id),
            "image end id": (tokenizer.end_id, generator.image_end_token_id),
            "image placeholder id": (tokenizer.image_id, generator.image_token_id),
        }
        problems = [
            f"{name}: {first} and {second} differ"
            for name, (first, second) in equal.items()
            if first != second
        ]
        if tokenizer.vocab_size > generator.text.vocab_size:
            problems.append(
                f"the tokenizer has ids up to {tokenizer.vocab_size - 1}, "
                f"the generator only {generator.text.vocab_size} rows"
            )
        if self.glyph_encoder.vocab_size < BYTE_OFFSET + 256:
            problems.append(f"the glyph encoder has {self.glyph_encoder.vocab_size} rows for bytes")
        return problems


def _networks(components: Components) -> tuple[Stored, ...]:
    return (
        Stored(
            folder=GENERATOR_FOLDER,
            stem=TRANSFORMERS_STEM,
            module=components.generator,
            table=keymap.GENERATOR,
            config=configs.write_generator(components.generator.config),
        ),
        Stored(
            folder=DIT_FOLDER,
            stem=DIFFUSERS_STEM,
            module=components.dit,
            table=keymap.DIT,
            config=configs.write_dit(components.dit.config),
        ),
        Stored(
            folder=VAE_FOLDER,
            stem=DIFFUSERS_STEM,
            module=components.vae,
            table=keymap.VAE,
            config=configs.write_vae(components.vae.config),
        ),
        Stored(
            folder=GLYPH_ENCODER_FOLDER,
            stem=TRANSFORMERS_STEM,
            module=components.glyph_encoder,
            table=keymap.GLYPH_ENCODER,
            config=configs.write_glyph_encoder(components.glyph_encoder.config),
        ),
    )


def _read_parts(folder: Path) -> _Parts:
    problems: list[str] = []

    def fields(*names: str) -> Fields:
        return Fields.from_file(folder.joinpath(*names), problems)

    settings.read_index(fields(MARKER_FILE))
    generator = configs.read_generator(fields(GENERATOR_FOLDER, "config.json"))
    found: dict[str, Any] = {
        "generator": generator,
        "dit": configs.read_dit(fields(DIT_FOLDER, "config.json")),
        "vae": configs.read_vae(fields(VAE_FOLDER, "config.json")),
        "glyph_encoder": configs.read_glyph_encoder(fields(GLYPH_ENCODER_FOLDER, "config.json")),
        "text_tokenizer": read_tokenizer(TextTokenizer, folder / PROCESSOR_FOLDER, problems),
        "schedule": configs.read_schedule(fields(SCHEDULER_FOLDER, SCHEDULER_FILE)),
        "source_limits": settings.read_source_limits(folder / PROCESSOR_FOLDER, problems),
    }
    if generator is not None:
        generation = fields(GENERATOR_FOLDER, GENERATION_FILE)
        found["sampling"] = settings.read_sampling(generation, generator)
    if not problems:
        parts = _Parts(**found)
        problems = parts.mismatches()
        if not problems:
            return parts
    raise wrong_settings(folder, problems)


def _write_processor(components: Components, folder: Path) -> None:
    folder.mkdir()
    tokenizer = components.text_tokenizer
    (folder / TOKENIZER_FILE).write_text(tokenizer.json, encoding="utf-8")
    write_json(folder / SETTINGS_FILE, settings.write_tokenizer_settings(tokenizer.roles))
    template = settings.write_chat_template(tokenizer.roles)
    (folder / settings.CHAT_TEMPLATE_FILE).write_text(template, encoding="utf-8")
    limits = settings.write_source_limits(components.source_limits)
    write_json(folder / settings.PREPROCESSOR_FILE, limits)
