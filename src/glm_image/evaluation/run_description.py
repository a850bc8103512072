"""Describes a run on this machine: which weights, which code, which versions."""

import hashlib
import platform
import subprocess
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from glm_image.checkpoint.hub import FILES
from glm_image.evaluation.disk import sha256_of
from glm_image.evaluation.run_settings import RunSettings
from glm_image.pipeline.api import GlmImagePipeline
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.system import System, dtype_name, find
from glm_image.types import Size

PACKAGES = ("glm-image", "torch", "numpy", "pillow", "tokenizers", "safetensors")
"""Packages whose versions are written down."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user asks of a run; what is None is as the model has it.

    Attributes:
        model: Where the model was loaded from; None is the bundled one.
        size: Of items that ask for no size of their own.
        steps: Denoising steps.
        guidance: Weight of the prompt in the decoder.
        temperature: Of the generator.
        top_p: Share that the generator chooses from.
        quotes: How texts to be written are found in prompts.
        base_seed: What all seeds are made of, together with names.
    """

    model: str | Path | None = None
    size: Size | None = None
    steps: int | None = None
    guidance: float | None = None
    temperature: float | None = None
    top_p: float | None = None
    quotes: str | None = None
    base_seed: int = 0

    def params(self, system: System) -> SamplingParams:
        """What is asked, else what is usual for the checkpoint.

        Raises:
            InputError: A value is out of its range.
        """
        usual = system.usual
        return replace(
            usual,
            steps=usual.steps if self.steps is None else self.steps,
            guidance=usual.guidance if self.guidance is None else self.guidance,
            temperature=usual.temperature if self.temperature is None else self.temperature,
            top_p=usual.top_p if self.top_p is None else self.top_p,
            quotes=usual.quotes if self.quotes is None else self.quotes,
        )


def describe(pipeline: GlmImagePipeline, asked: Asked) -> RunSettings:
    """Settings of a run on this machine with a loaded model.

    Raises:
        InputError: A value is out of its range, or the model was not trained for the size.
        NotFoundError: The model's files are no longer there.
    """
    system = pipeline.system
    params = asked.params(system)
    size = system.default_size if asked.size is None else asked.size
    system.check_size(size, "height, width")
    return RunSettings(
        model=system.name,
        weights_sha256=weights_sha256(find(asked.model)),
        commit=commit(),
        quotes=params.quotes,
        width=size.width,
        height=size.height,
        steps=params.steps,
        guidance=params.guidance,
        temperature=params.temperature,
        top_p=params.top_p,
        dtype=dtype_name(system.device.dtype),
        device=system.device.kind.value,
        base_seed=asked.base_seed,
        versions=versions(),
    )


def weights_sha256(folder: Path) -> str:
    """Digest of all files of a model's folder that belong to a checkpoint."""
    paths = sorted({path for pattern in FILES for path in folder.rglob(pattern)})
    total = hashlib.sha256()
    for path in paths:
        total.update(f"{sha256_of(path)}  {path.relative_to(folder).as_posix()}\n".encode())
    return total.hexdigest()


def commit() -> str:
    """Last commit of the package's own source, marked if it was changed since; empty if none."""
    folder = Path(__file__).resolve().parents[1]
    last = _git(folder, "log", "-1", "--format=%H", "--", ".")
    if not last:
        return ""
    return f"{last}+changes" if _git(folder, "status", "--porcelain", "--", ".") else last


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that pictures depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def _git(folder: Path, *words: str) -> str:
    """What a git command prints; nothing if there is no git or no repository."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, check=True, text=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
