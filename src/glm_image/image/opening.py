"""Reading of picture files that users give. Nothing here imports torch."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError

from glm_image.errors import InputError, NotFoundError

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
        return upright_rgb(source)
    if isinstance(source, bytes):
        return _decode(source)
    try:
        return _decode(Path(source).read_bytes())
    except FileNotFoundError as error:
        raise NotFoundError(f"{source} does not exist", field="image") from error
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}", field="image") from error


def _decode(data: bytes) -> PilImage.Image:
    try:
        with warnings.catch_warnings():
            # Pillow warns about large pictures; the limit here is stricter and an error.
            warnings.simplefilter("ignore", PilImage.DecompressionBombWarning)
            image = PilImage.open(io.BytesIO(data), formats=FORMATS)
        _check_pixels(image)
        return upright_rgb(image)
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
            f"{image.width}x{image.height} is more than {MAX_PIXELS} pixels",
            field="image",
            hint="scale it down first",
        )


def upright_rgb(image: PilImage.Image) -> PilImage.Image:
    """A picture turned as its camera says, laid over white where it is transparent, as RGB.

    Raises:
        InputError: It is too large.
        OSError: It is damaged.
    """
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
