"""A finished picture in another kind of file, with its labels."""

import io
from collections.abc import Mapping

from PIL import Image as PilImage

from glm_image.serving.labels import Label, encode, read
from glm_image.serving.records import OutputFormat

USUAL_QUALITY: Mapping[OutputFormat, int] = {
    OutputFormat.PNG: 100,
    OutputFormat.JPEG: 92,
    OutputFormat.WEBP: 90,
}
"""Quality where none is asked for; of a PNG the effort, as it loses nothing."""


THUMBNAIL_SIDE = 512
"""Longer side of a thumbnail in pixels: a tile of 256 on a display of double density."""

_THUMBNAIL_QUALITY = 82


def render(
    data: bytes, output_format: OutputFormat, quality: int | None, *, strip_prompt: bool
) -> bytes:
    """A file of this service as another kind of file; blocks.

    The visible label is part of the pixels, and the labels inside the file are written again. A
    signature does not hold for other bytes, so it is left out.

    Args:
        data: The file.
        output_format: The kind that is wanted.
        quality: 0 to 100; None is the usual one.
        strip_prompt: Whether the new file keeps the words to itself.

    Raises:
        InputError: The labels are damaged, or longer than the kind of file holds.
    """
    label = read(data)
    with PilImage.open(io.BytesIO(data)) as image:
        same = image.format == output_format.name
        if same and quality is None and not strip_prompt:
            return data
        pixels = image.convert("RGB")
    if strip_prompt and label.parameters is not None:
        kept = {name: value for name, value in label.parameters.items() if name != "prompt"}
        label = Label(hidden=label.hidden, parameters=kept)
    compression = USUAL_QUALITY[output_format] if quality is None else quality
    return encode(pixels, output_format, compression, label)


def thumbnail(data: bytes) -> bytes | None:
    """A small WebP of a picture, with its hidden label; blocks.

    Args:
        data: The file.

    Returns:
        None where the file itself is no larger.

    Raises:
        InputError: The labels are damaged.
    """
    hidden = read(data).hidden
    with PilImage.open(io.BytesIO(data)) as image:
        if max(image.size) <= THUMBNAIL_SIDE:
            return None
        # A JPEG is decoded no larger than needed.
        image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        pixels = image.convert("RGB")
    pixels.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), PilImage.Resampling.LANCZOS)
    return encode(pixels, OutputFormat.WEBP, _THUMBNAIL_QUALITY, Label(hidden=hidden))
