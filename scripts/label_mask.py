"""Draw the words of the visible label once, as a mask that the package carries.

The mask is kept so that the service needs no font. Run it again after changing the words:
``python scripts/label_mask.py FONT [FACE]``.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WORDS = "AI生成"
"""GB 45438-2025, 4.2: the words AI and generated."""

EM = 200
TARGET = Path(__file__).parents[1] / "src/glm_image/serving/visible_label.png"


def draw(font: Path, face: int) -> Image.Image:
    """The words in white on black, cropped to what is drawn."""
    letters = ImageFont.truetype(str(font), EM, index=face)
    canvas = Image.new("L", (EM * 8, EM * 2))
    ImageDraw.Draw(canvas).text((EM // 2, EM // 4), WORDS, fill=255, font=letters)
    return canvas.crop(canvas.getbbox())


def main() -> None:
    """Write the mask."""
    mask = draw(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    mask.quantize(16).save(TARGET, optimize=True)
    print(f"{TARGET}: {mask.width}x{mask.height}, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
