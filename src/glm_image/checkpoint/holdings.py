"""What every checkpoint of the family holds, whichever pipeline it is for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from torch import nn

from glm_image.checkpoint import configs
from glm_image.checkpoint.keymap import KeyTable
from glm_image.checkpoint.reader import Adopt, Target, WeightJob, load_weights
from glm_image.checkpoint.safetensors_file import MappedFile
from glm_image.checkpoint.writer import MARKER_FILE, write_json
from glm_image.errors import CheckpointError, ConfigError, NotFoundError
from glm_image.models.dit_trunk import Trunk
from glm_image.models.schedule_config import ScheduleConfig
from glm_image.models.vae import Vae

DIT_FOLDER = "transformer"
VAE_FOLDER = "vae"
SCHEDULER_FOLDER = "scheduler"
SCHEDULER_FILE = "scheduler_config.json"

TRANSFORMERS_STEM = "model"
DIFFUSERS_STEM = "diffusion_pytorch_model"


class FromFolder(Protocol):
    """What is read from a folder of its own."""

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Read it."""


T = TypeVar("T", bound=FromFolder)


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


def require_index(folder: Path) -> None:
    """Make sure that a folder is a checkpoint.

    Raises:
        NotFoundError: It is not there, or has no index.
    """
    if not (folder / MARKER_FILE).is_file():
        raise NotFoundError(
            f"{folder} has no {MARKER_FILE}",
            field="model",
            hint="give the folder that holds transformer/, vae/ and the others",
        )


def read_tokenizer(kind: type[T], folder: Path, problems: list[str]) -> T | None:
    """A tokenizer from its folder; what is wrong with it joins the problems."""
    try:
        return kind.from_folder(folder)
    except (ConfigError, NotFoundError) as error:
        problems.append(f"{folder.name}: {error}")
        return None


def wrong_settings(folder: Path, problems: list[str]) -> CheckpointError:
    """The error of settings that cannot be used, each problem in a line."""
    return CheckpointError(
        f"{folder} has {len(problems)} problems in its settings",
        problems,
        hint="compare with the published files; quantised copies are not supported",
    )


def write_rest(
    holdings: Holdings,
    part: Path,
    index: Mapping[str, Any],
    documents: Mapping[str, str] | None,
) -> None:
    """Write what every checkpoint has beside networks and tokenizers.

    Args:
        holdings: Of the checkpoint.
        part: Its folder, in the making.
        index: Content of its ``model_index.json``.
        documents: Texts for readers by file name.
    """
    (part / SCHEDULER_FOLDER).mkdir()
    write_json(part / SCHEDULER_FOLDER / SCHEDULER_FILE, configs.write_schedule(holdings.schedule))
    for name, text in (documents or {}).items():
        (part / name).write_text(text, encoding="utf-8")
    write_json(part / MARKER_FILE, index)


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
