"""The label that people see: the words "AI生成" in a corner. Nothing here imports torch."""

import io
from functools import cache
from importlib.resources import files

from PIL import Image as PilImage
from PIL import ImageDraw
from PIL.Image import Resampling

_MASK_FILE = "visible_label.png"

HEIGHT = 0.07
"""Height of the words as a share of the shorter side. Their lowest letters are then above 5%.

Source: GB 45438-2025, 4.2: characters of at least 5% of the shorter side, at an edge or corner.
"""

_MARGIN = 0.03
"""Distance from the edges as a share of the shorter side."""

_PAD = 0.35
"""Rim of the plate behind the words as a share of their height."""

_PLATE = (0, 0, 0, 150)
_WORDS = (255, 255, 255, 255)


def draw(image: PilImage.Image) -> PilImage.Image:
    """A copy with the label in its lower right corner, on a plate that any picture lets read.

    Args:
        image: RGB of any size.
    """
    shorter = min(image.size)
    mask = _mask()
    height = max(1, -(-int(HEIGHT * shorter * 100) // 100))
    width = max(1, round(mask.width * height / mask.height))
    margin, pad = round(_MARGIN * shorter), round(_PAD * height)
    right, bottom = image.width - margin, image.height - margin
    plate = (right - width - 2 * pad, bottom - height - 2 * pad, right, bottom)
    layer = PilImage.new("RGBA", image.size)
    ImageDraw.Draw(layer).rounded_rectangle(plate, radius=pad, fill=_PLATE)
    words = mask.resize((width, height), Resampling.LANCZOS)
    layer.paste(_WORDS, (plate[0] + pad, plate[1] + pad), words)
    return PilImage.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


@cache
def _mask() -> PilImage.Image:
    data = (files("glm_image.serving") / _MASK_FILE).read_bytes()
    with PilImage.open(io.BytesIO(data)) as mask:
        return mask.convert("L")
