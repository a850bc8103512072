"""Picture files: reading what users give, writing what was made together with how.

A PNG carries its provenance as JSON in a text chunk named ``parameters``.
"""

import io
import json
import os
import secrets
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from glm_image.errors import InputError, NotFoundError
from glm_image.types import Image

PARAMETERS_KEY = "parameters"
"""Name of the PNG text chunk with the provenance."""

MAX_PIXELS = 64 * 1024 * 1024
"""Largest picture that is read, in pixels; what is larger is refused before it is decoded."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
"""Formats that are read; of a moving picture the first frame."""


def load(source: Path | str | bytes | PilImage.Image) -> PilImage.Image:
    """Read a picture as RGB, turned upright and laid over white where it is transparent.

    Args:
        source: A file, its content, or a Pillow image, which is left as it is.

    Raises:
        NotFoundError: The file does not exist.
        InputError: The content is no picture of a known format, damaged or too large.
    """
    if isinstance(source, PilImage.Image):
        return _upright_rgb(source)
    if isinstance(source, bytes):
        return _decode(source)
    try:
        return _decode(Path(source).read_bytes())
    except FileNotFoundError as error:
        raise NotFoundError(f"{source} does not exist", field="image") from error
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}", field="image") from error


def to_pil(image: Image) -> PilImage.Image:
    """A finished picture as a Pillow image."""
    return PilImage.fromarray(np.ascontiguousarray(image.pixels))


def encode_png(image: Image) -> bytes:
    """A finished picture as a PNG with its provenance."""
    info = PngInfo()
    if image.provenance:
        text = json.dumps(dict(image.provenance), ensure_ascii=False)
        info.add_itxt(PARAMETERS_KEY, text)
    buffer = io.BytesIO()
    to_pil(image).save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


def save_png(image: Image, path: Path) -> None:
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


def _decode(data: bytes) -> PilImage.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns about large pictures; the limit here is stricter and an error.
            warnings.simplefilter("ignore", PilImage.DecompressionBombWarning)
            image = PilImage.open(io.BytesIO(data), formats=FORMATS)
        _check_pixels(image)
        return _upright_rgb(image)
    except UnidentifiedImageError as error:
        raise InputError(
            "the content is no picture", field="image", hint=f"use one of {', '.join(FORMATS)}"
        ) from error
    except PilImage.DecompressionBombError as error:
        raise InputError(f"the picture is too large: {error}", field="image") from error
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the picture is damaged: {error}", field="image") from error


def _check_pixels(image: PilImage.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise InputError(
            f"{image.height}x{image.width} is more than {MAX_PIXELS} pixels",
            field="image",
            hint="scale it down first",
        )


def _upright_rgb(image: PilImage.Image) -> PilImage.Image:
    _check_pixels(image)
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        layered = upright.convert("RGBA")
        white = PilImage.new("RGBA", layered.size, "white")
        return PilImage.alpha_composite(white, layered).convert("RGB")
    if upright.mode.startswith("I;16"):
        # Pillow clips 16-bit grey to 255 instead of scaling it.
        grey = np.asarray(upright, dtype=np.float64) / 257.0
        return PilImage.fromarray(grey.clip(0, 255).astype(np.uint8)).convert("RGB")
    return upright.convert("RGB")
