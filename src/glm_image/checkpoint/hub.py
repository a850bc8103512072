"""Where a checkpoint is: a folder, a Hugging Face repository or a ModelScope repository."""

import importlib
import re
from pathlib import Path
from typing import Any

from glm_image.errors import NotFoundError

MODELSCOPE_PREFIX = "modelscope:"

FILES = ("*.json", "*.jinja", "*.safetensors", "*.txt", "*.model")
"""What is fetched of a repository: configs, tokenizers and weights."""

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def resolve(model: str | Path, *, revision: str | None = None) -> Path:
    """Find a checkpoint, fetching it if it is not here yet.

    Args:
        model: A folder, ``"org/name"`` on the Hugging Face hub, or ``"modelscope:org/name"``.
        revision: Branch, tag or commit of a repository; the default branch if None.

    Returns:
        The local folder.

    Raises:
        NotFoundError: There is no such folder or repository, or the hub cannot be reached.
    """
    name = str(model)
    if name.startswith(MODELSCOPE_PREFIX):
        return _from_modelscope(name.removeprefix(MODELSCOPE_PREFIX), revision)
    folder = Path(model).expanduser()
    if name and folder.is_dir():
        return folder
    if isinstance(model, Path) or not _REPOSITORY.fullmatch(name):
        raise NotFoundError(
            f"{name} is no folder",
            field="model",
            hint="give a folder, 'org/name' of the hub, or 'modelscope:org/name'",
        )
    return _from_hugging_face(name, revision)


def _from_hugging_face(name: str, revision: str | None) -> Path:
    # Whoever names a folder does not wait for a library of networks.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(FILES)))
    except RepositoryNotFoundError as error:
        raise NotFoundError(
            f"{name} is neither a folder nor a repository on the hub",
            field="model",
            hint="check the spelling, and log in if it is private",
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise NotFoundError(
            f"{name} cannot be fetched: {type(error).__name__}",
            field="model",
            hint="check the connection, or download it elsewhere and give the folder",
        ) from error


def _from_modelscope(name: str, revision: str | None) -> Path:
    try:
        library: Any = importlib.import_module("modelscope")
    except ImportError as error:
        raise NotFoundError(
            f"{name} is on ModelScope, but its library is not installed",
            field="model",
            hint="pip install modelscope, or download it elsewhere and give the folder",
        ) from error
    try:
        return Path(library.snapshot_download(name, revision=revision))
    except (OSError, ValueError, RuntimeError) as error:
        raise NotFoundError(
            f"{name} cannot be fetched from ModelScope: {error}",
            field="model",
            hint="check the spelling and the connection",
        ) from error
