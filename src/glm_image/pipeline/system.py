"""The loaded system: every network of a checkpoint, where it runs and what it can make."""

import json
from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path

import torch
from torch import nn

from glm_image.checkpoint import cogview4, hub, published
from glm_image.checkpoint.parts import WHOLE, Part
from glm_image.checkpoint.published import ABOUT_FILE, Components
from glm_image.checkpoint.writer import MARKER_FILE
from glm_image.config import from_mapping
from glm_image.device import Device
from glm_image.errors import CheckpointError, ConfigError, InputError, NotFoundError
from glm_image.execution.auto import Asked
from glm_image.models.dit import DiT
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.params import SamplingParams
from glm_image.types import Size

BUNDLED = "nano"
"""Name of the model inside the package, which is used when no other is asked for."""

_PUBLISHED_SAMPLE_SIZE = 1024
_PUBLISHED_SIDES = (512, 2048)


@dataclass(frozen=True, kw_only=True)
class About:
    """What a model was trained to draw, for its users to read.

    Args:
        summary: One sentence.
        draws: What it can draw and what it cannot.
        examples: Prompts that it does well.
        words: Every word in lower case, and every Chinese character, that it has read outside of
            quoted texts, with spaces between; "" if the words were no closed list.
        guidance_scale: Weight of the prompt in the decoder that its pictures are best with; None
            is that of the published pipeline.
    """

    summary: str
    draws: tuple[str, ...]
    examples: tuple[str, ...]
    words: str = ""
    guidance_scale: float | None = None


@dataclass(frozen=True, kw_only=True)
class System(Loaded, Components):
    """Everything that a request to GLM-Image needs.

    Args:
        about: What the checkpoint says about itself; None if it says nothing.
    """

    dit: DiT
    about: About | None = None

    @classmethod
    def load(
        cls,
        model: str | Path | None,
        device: Device,
        *,
        revision: str | None,
        plan: Asked = None,
        part: Part = WHOLE,
    ) -> "System":
        """Load a checkpoint.

        Args:
            model: A folder, ``"org/name"`` of the hub, or None for the bundled model.
            device: Where to put it and in which dtype.
            revision: Branch, tag or commit of a hub repository.
            plan: How it runs, see :func:`glm_image.execution.auto.choose`.
            part: What of it is needed; the other networks have no weights and cannot be used.

        Raises:
            NotFoundError: There is no such model.
            CheckpointError: Configs or weights are wrong; every problem is listed.
            PlanError: The plan does not work on the device.
        """
        folder = find(model, revision=revision)
        name = cogview4.kind(folder)
        if name in (cogview4.PIPELINE, cogview4.CONTROL_PIPELINE):
            raise CheckpointError(
                f"{folder} is for {name}, and only GLM-Image is meant here",
                field="model",
                hint="draw with it by `glm-image generate`, glm_image.load or CogView4Pipeline",
            )
        outline = cls.outline(folder, model, device)
        part.reduce(outline)
        return outline.filled(folder, plan)

    @classmethod
    def outline(cls, folder: Path, model: str | Path | None, device: Device) -> "System":
        """Read everything of a checkpoint but its weights: what it could do, not doing it.

        Raises:
            CheckpointError: Configs are wrong; every problem is listed.
        """
        return cls._of(published.outline(folder), folder, model, device)

    @classmethod
    def _of(
        cls, parts: Components, folder: Path, model: str | Path | None, device: Device
    ) -> "System":
        values = {field.name: getattr(parts, field.name) for field in fields(parts)}
        name = BUNDLED if model is None else str(model)
        return cls(**values, name=name, device=device, about=read_about(folder))

    @property
    def usual(self) -> SamplingParams:
        """How pictures are sampled if nobody says otherwise: as the checkpoint says, or published.

        Raises:
            InputError: What the checkpoint says is out of its range.
        """
        params = SamplingParams(
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            top_k=self.sampling.top_k,
        )
        if self.about is None or self.about.guidance_scale is None:
            return params
        return replace(params, guidance=self.about.guidance_scale)

    @property
    def max_tokens(self) -> int:
        """Tokens of prompt and picture that the generator was trained for."""
        return self.generator.config.text.max_position_embeddings

    @property
    def num_codes(self) -> int:
        """Number of semantic codes; every code is below it."""
        return self.generator.config.num_codes

    @property
    def default_size(self) -> Size:
        """Size of a picture from words if nobody names one."""
        return Size(self.vae.config.sample_size, self.vae.config.sample_size)

    @property
    def sides(self) -> tuple[int, int]:
        """Least and greatest side of a picture in pixels."""
        return side_range(self.vae.config.sample_size)

    def check_size(self, size: Size, field: str) -> None:
        """Refuse a size that the model was not trained for.

        Raises:
            InputError: A side is out of range.
        """
        low, high = self.sides
        if not low <= min(size) <= max(size) <= high:
            raise InputError(
                f"got {size}", field=field, hint=f"{self.name} makes {low} to {high} pixels a side"
            )


def side_range(sample_size: int) -> tuple[int, int]:
    """Least and greatest side in pixels of a model trained at ``sample_size``.

    The published model makes 512 to 2048. A small model has one training size, and goes a quarter
    below and a half above it.

    Source: zai-org/GLM-Image, model card.
    """
    if sample_size >= _PUBLISHED_SAMPLE_SIZE:
        return _PUBLISHED_SIDES
    return sample_size * 3 // 4, sample_size * 3 // 2


def find(model: str | Path | None, *, revision: str | None = None) -> Path:
    """The folder of a model, fetched if it is on the hub; None is the bundled one.

    Raises:
        NotFoundError: There is no such model.
    """
    if model is not None:
        return hub.resolve(model, revision=revision)
    folder = Path(str(files("glm_image"))) / BUNDLED
    if not (folder / MARKER_FILE).is_file():
        raise NotFoundError(
            "this installation holds no bundled model",
            field="model",
            hint="install a release of the package, or name a folder or 'zai-org/GLM-Image'",
        )
    return folder


def read_about(folder: Path) -> About | None:
    """What a checkpoint says about itself; None if it has no such file.

    Raises:
        ConfigError: The file is damaged or has unknown fields.
    """
    path = folder / ABOUT_FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}", field=str(path)) from error
    return from_mapping(About, content, source=str(path))


def parameter_count(network: nn.Module) -> int:
    """Number of trained values of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def dtype_name(dtype: torch.dtype) -> str:
    """Name of a dtype without its library."""
    return str(dtype).removeprefix("torch.")
