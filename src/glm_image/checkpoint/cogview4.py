"""A checkpoint of CogView4 in the published folder layout.

================================  ============================================================
``model_index.json``              which class each folder belongs to
``text_encoder/``                 GLM-4-9B without output head: ``config.json``, weights
``tokenizer/``                    its tokenizer
``transformer/``                  diffusion decoder: ``config.json``, weights
``vae/``                          autoencoder: ``config.json``, weights
``scheduler/``                    ``scheduler_config.json``
================================  ============================================================

Source: zai-org/CogView4-6B; reference behaviour: diffusers, CogView4Pipeline.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from glm_image.checkpoint import cogview4_configs, configs, keymap
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
from glm_image.checkpoint.reader import Target, find_entries
from glm_image.checkpoint.safetensors_file import MappedFile
from glm_image.checkpoint.saving import DEFAULT_SHARD_SIZE, refuse_rebuilt, write_network
from glm_image.checkpoint.settings import read_index, write_index
from glm_image.checkpoint.writer import MARKER_FILE, whole_folder
from glm_image.errors import CheckpointError, ConfigError
from glm_image.models.cogview4_dit import CogView4Config, CogView4DiT
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.text_encoder import TextEncoder, TextEncoderConfig
from glm_image.models.vae import Vae, VaeConfig
from glm_image.tokenizer.padded import PaddedTokenizer

PIPELINE = "CogView4Pipeline"
CONTROL_PIPELINE = "CogView4ControlPipeline"
"""What the index of a checkpoint names, without and with a control picture."""

TEXT_FOLDER = "text_encoder"
TOKENIZER_FOLDER = "tokenizer"

_CLASSES = {
    "scheduler": ("diffusers", "FlowMatchEulerDiscreteScheduler"),
    "text_encoder": ("transformers", "GlmModel"),
    "transformer": ("diffusers", "CogView4Transformer2DModel"),
    "vae": ("diffusers", "AutoencoderKL"),
}
_TOKENIZER = ("transformers", "PreTrainedTokenizerFast")
"""What is written; any class is read, since only its files count."""

_DIFFUSERS_VERSION = "0.33.0.dev0"
"""What the published index names: the first version with this pipeline."""


@dataclass(frozen=True, kw_only=True)
class CogView4Components(Holdings):
    """Everything a checkpoint of CogView4 holds.

    Args:
        text_encoder: Reads prompts.
        dit: The diffusion decoder.
        tokenizer: Of the text encoder.
        source: Checkpoint that it was read from. What no picture depends on stays there, and is
            taken from there when it is saved.

    Raises:
        ConfigError: The parts do not fit each other.
    """

    LANGUAGE: ClassVar[str] = "text encoder"
    LANGUAGE_FOLDER: ClassVar[str] = TEXT_FOLDER

    text_encoder: TextEncoder
    dit: CogView4DiT
    tokenizer: PaddedTokenizer
    source: Path

    def __post_init__(self) -> None:
        problems = _mismatches(
            self.text_encoder.config, self.dit.config, self.vae.config, self.tokenizer
        )
        if problems:
            raise ConfigError("; ".join(problems), field="components")

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The networks by name."""
        return {
            "text encoder": self.text_encoder,
            "decoder": self.dit,
            "autoencoder": self.vae,
        }

    def stored(self) -> tuple[Stored, ...]:
        """The networks and where their weights stand."""
        return (
            Stored(
                folder=TEXT_FOLDER,
                stem=TRANSFORMERS_STEM,
                module=self.text_encoder,
                table=keymap.text_encoder(self.text_encoder.config.used_layers),
                config=cogview4_configs.write_text_encoder(self.text_encoder.config),
            ),
            Stored(
                folder=DIT_FOLDER,
                stem=DIFFUSERS_STEM,
                module=self.dit,
                table=keymap.COGVIEW4_DIT,
                config=cogview4_configs.write_dit(self.dit.config),
            ),
            Stored(
                folder=VAE_FOLDER,
                stem=DIFFUSERS_STEM,
                module=self.vae,
                table=keymap.VAE,
                config=cogview4_configs.write_vae(self.vae.config),
            ),
        )


def load(folder: Path, *, dtype: torch.dtype, device: torch.device) -> CogView4Components:
    """Read a checkpoint; the peak of memory is the networks plus one tensor.

    Args:
        folder: A folder in the published layout.
        dtype: Dtype of all weights.
        device: Device of all weights.

    Raises:
        CheckpointError: Configs or weights are wrong; every problem is listed.
    """
    components = outline(folder)
    fill(components, folder, Target(dtype=dtype, device=device))
    return components


def save(
    components: CogView4Components,
    folder: Path,
    *,
    dtype: torch.dtype | None = None,
    shard_size: int = DEFAULT_SHARD_SIZE,
    documents: Mapping[str, str] | None = None,
) -> None:
    """Write a checkpoint that this package and the reference libraries load.

    The folder appears whole or not at all; an older checkpoint there is replaced. The tokenizer
    and the last layer of the text encoder are those of the checkpoint that was read.

    Args:
        components: What to write.
        folder: The new folder.
        dtype: Dtype of the weights in the files; None keeps that of each weight.
        shard_size: Most bytes per file of weights.
        documents: Texts for readers by file name, such as a model card.

    Raises:
        CheckpointError: The folder holds something else, the disk is full or not writable, the
            checkpoint that was read has gone, or a network was rebuilt to run faster.
    """
    for network in components.stored():
        refuse_rebuilt(network)
    unread = _unread(components)
    pipeline = CONTROL_PIPELINE if components.dit.config.takes_control else PIPELINE
    with whole_folder(folder) as part:
        for network in components.stored():
            own = unread if network.folder == TEXT_FOLDER else {}
            write_network(network, part, dtype=dtype, shard_size=shard_size, unread=own)
        shutil.copytree(components.source / TOKENIZER_FOLDER, part / TOKENIZER_FOLDER)
        classes = _CLASSES | {"tokenizer": _TOKENIZER}
        index = write_index(pipeline, classes, _DIFFUSERS_VERSION)
        write_rest(components, part, index, documents)


def _unread(components: CogView4Components) -> dict[str, Tensor]:
    """What the published text encoder has beside ours, in the dtype of ours."""
    problems: list[str] = []
    folder = components.source / TEXT_FOLDER
    table = keymap.text_encoder(components.text_encoder.config.used_layers)
    dtype = components.text_encoder.language_model.embed_tokens.weight.dtype
    entries = find_entries(folder, TRANSFORMERS_STEM, problems)
    if problems:
        raise CheckpointError(f"{folder} cannot be read any more", problems)
    return {
        name: MappedFile(entry.file).tensor(entry).to(dtype)
        for name, entry in entries.items()
        if table.is_unused(name)
    }


def outline(folder: Path) -> CogView4Components:
    """Read everything but the weights: networks have their shapes and no memory.

    Args:
        folder: A folder in the published layout.

    Raises:
        CheckpointError: Configs are wrong; every problem is listed.
    """
    problems: list[str] = []

    def fields(*names: str) -> Fields:
        return Fields.from_file(folder.joinpath(*names), problems)

    index = fields(MARKER_FILE)
    index.ignore(("tokenizer",))
    dit = cogview4_configs.read_dit(fields(DIT_FOLDER, "config.json"))
    takes_control = dit is not None and dit.takes_control
    read_index(index, CONTROL_PIPELINE if takes_control else PIPELINE, _CLASSES)
    found: dict[str, Any] = {
        "dit": dit,
        "text": cogview4_configs.read_text_encoder(fields(TEXT_FOLDER, "config.json")),
        "vae": cogview4_configs.read_vae(fields(VAE_FOLDER, "config.json")),
        "schedule": configs.read_schedule(fields(SCHEDULER_FOLDER, SCHEDULER_FILE)),
        "tokenizer": read_tokenizer(PaddedTokenizer, folder / TOKENIZER_FOLDER, problems),
        "source": folder,
    }
    if not problems:
        problems = _mismatches(found["text"], found["dit"], found["vae"], found["tokenizer"])
    if problems:
        raise wrong_settings(folder, problems)
    return _build(**found)


def kind(folder: Path) -> str:
    """Name of the pipeline that a checkpoint is for, as its index gives it.

    Raises:
        NotFoundError: The folder is not there or is no checkpoint.
        CheckpointError: The index is damaged or names no pipeline.
    """
    require_index(folder)
    problems: list[str] = []
    name = Fields.from_file(folder / MARKER_FILE, problems).take("_class_name")
    if problems:
        raise CheckpointError(f"{folder} names no pipeline", problems)
    return str(name)


def _build(
    text: TextEncoderConfig,
    dit: CogView4Config,
    vae: VaeConfig,
    schedule: ScheduleConfig,
    tokenizer: PaddedTokenizer,
    source: Path,
) -> CogView4Components:
    with without_memory():
        return CogView4Components(
            text_encoder=TextEncoder(text).eval(),
            dit=CogView4DiT(dit).eval(),
            vae=Vae(vae).eval(),
            schedule=schedule,
            tokenizer=tokenizer,
            source=source,
        )


def _mismatches(
    text: TextEncoderConfig, dit: CogView4Config, vae: VaeConfig, tokenizer: PaddedTokenizer
) -> list[str]:
    """Every pair of values that should be equal, or ordered, and is not."""
    problems = []
    if text.hidden_size != dit.text_embed_dim:
        problems.append(f"text width: {text.hidden_size} and {dit.text_embed_dim} differ")
    if vae.latent_channels != dit.out_channels:
        problems.append(f"latent channels: {vae.latent_channels} and {dit.out_channels} differ")
    if tokenizer.vocab_size > text.vocab_size:
        problems.append(
            f"the tokenizer has ids up to {tokenizer.vocab_size - 1}, "
            f"the text encoder only {text.vocab_size} rows"
        )
    return problems
