"""Picture files: writing what was made together with how.

A PNG carries its provenance as JSON in a text chunk named ``parameters``. Nothing here imports
torch.
"""

import io
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PilImage
from PIL import UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from glm_image.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from glm_image.types import Image

PARAMETERS_KEY = "parameters"
"""Name of the PNG text chunk with the provenance."""


def to_pil(image: "Image") -> PilImage.Image:
    """A finished picture as a Pillow image."""
    return PilImage.fromarray(np.ascontiguousarray(image.pixels))


def encode_png(image: "Image") -> bytes:
    """A finished picture as a PNG with its provenance."""
    info = PngInfo()
    if image.provenance:
        text = json.dumps(dict(image.provenance), ensure_ascii=False)
        info.add_itxt(PARAMETERS_KEY, text)
    buffer = io.BytesIO()
    to_pil(image).save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


def save_png(image: "Image", path: Path) -> None:
    """Write a PNG so that at ``path`` there is either the whole file or what was there before.

    Raises:
        InputError: The file cannot be written: no such folder, no right, no room.
    """
    data = encode_png(image)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", field="output") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_parameters(path: Path) -> Mapping[str, object]:
    """The provenance of a PNG that this package wrote.

    Raises:
        NotFoundError: The file does not exist, or carries no provenance.
        InputError: The file is no picture, or its provenance is damaged.
    """
    try:
        with PilImage.open(path) as image:
            text = image.info.get(PARAMETERS_KEY)
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} does not exist", field="image") from error
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(f"{path} is no picture", field="image") from error
    if text is None:
        raise NotFoundError(f"{path} does not say how it was made", field=PARAMETERS_KEY)
    try:
        parameters = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} holds other text: {error}", field=PARAMETERS_KEY) from error
    if not isinstance(parameters, dict):
        raise InputError(f"{path} holds other text", field=PARAMETERS_KEY)
    return parameters
