"""Small pictures inside a page."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

_QUALITY = 82


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A picture that needs no file.

    Attributes:
        uri: The picture itself.
        width: In pixels.
        height: In pixels.
    """

    uri: str
    width: int
    height: int


def thumbnail(path: Path | None, side: int) -> Thumbnail | None:
    """A picture reduced so that its longer side has at most ``side`` pixels.

    Returns:
        None where there is no picture, or none that can be read.
    """
    if path is None or not path.is_file():
        return None
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=4)
    content = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Thumbnail(
        uri=f"data:image/webp;base64,{content}", width=image.width, height=image.height
    )
