"""What every checkpoint of the family holds, whichever pipeline it is for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from torch import nn

from glm_image.checkpoint.keymap import KeyTable
from glm_image.checkpoint.reader import Adopt, Target, WeightJob, load_weights
from glm_image.checkpoint.safetensors_file import MappedFile
from glm_image.models.dit_trunk import Trunk
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae

DIT_FOLDER = "transformer"
VAE_FOLDER = "vae"
SCHEDULER_FOLDER = "scheduler"
SCHEDULER_FILE = "scheduler_config.json"

TRANSFORMERS_STEM = "model"
DIFFUSERS_STEM = "diffusion_pytorch_model"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """One network, where it stands and how it is configured.

    Args:
        folder: Of the checkpoint.
        stem: Name of the files up to the suffix.
        module: The network.
        table: Names of its weights.
        config: Content of its ``config.json``.
    """

    folder: str
    stem: str
    module: nn.Module
    table: KeyTable
    config: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Holdings(ABC):
    """A checkpoint of the family.

    Args:
        dit: The diffusion decoder.
        vae: The autoencoder.
        schedule: Numbers of the noise schedule.
    """

    LANGUAGE: ClassVar[str]
    """Name of the network of GLM layers, which runs by the generator's part of a plan."""

    LANGUAGE_FOLDER: ClassVar[str]
    """Where its weights stand."""

    dit: Trunk
    vae: Vae
    schedule: ScheduleConfig

    @property
    @abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """The networks by name."""

    @abstractmethod
    def stored(self) -> tuple[Stored, ...]:
        """The networks and where their weights stand."""

    @property
    def language(self) -> nn.Module:
        """The network of GLM layers."""
        return self.networks[self.LANGUAGE]


def fill(
    holdings: Holdings,
    folder: Path,
    target: Target,
    adopt: Mapping[str, Adopt] | None = None,
) -> list[MappedFile]:
    """Read the weights of networks that have none yet, one tensor at a time.

    Args:
        holdings: Networks without memory.
        folder: The checkpoint that they were outlined from.
        target: What the weights become.
        adopt: By folder of a network, what may take a weight as it is read, see
            :class:`~glm_image.checkpoint.reader.WeightJob`.

    Returns:
        The files in which weights stay.

    Raises:
        CheckpointError: Weights are wrong; every problem is listed.
    """
    takers = adopt or {}
    jobs = [
        WeightJob(
            folder=folder / network.folder,
            stem=network.stem,
            module=network.module,
            table=network.table,
            adopt=takers.get(network.folder),
        )
        for network in holdings.stored()
    ]
    return load_weights(jobs, target)
