"""The twelve everyday colours of the drawn pictures, in RGB and in words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Colour:
    """One named colour.

    Attributes:
        name: English name, also the identifier.
        zh: Chinese name without the suffix 色.
        rgb: Red, green and blue in [0, 255].
    """

    name: str
    zh: str
    rgb: tuple[int, int, int]


COLOURS: tuple[Colour, ...] = (
    Colour(name="red", zh="红", rgb=(220, 38, 38)),
    Colour(name="orange", zh="橙", rgb=(249, 130, 22)),
    Colour(name="yellow", zh="黄", rgb=(250, 212, 30)),
    Colour(name="green", zh="绿", rgb=(28, 150, 70)),
    Colour(name="cyan", zh="青", rgb=(40, 200, 215)),
    Colour(name="blue", zh="蓝", rgb=(35, 85, 215)),
    Colour(name="purple", zh="紫", rgb=(125, 50, 190)),
    Colour(name="pink", zh="粉", rgb=(248, 150, 190)),
    Colour(name="brown", zh="棕", rgb=(125, 75, 40)),
    Colour(name="black", zh="黑", rgb=(22, 22, 26)),
    Colour(name="white", zh="白", rgb=(248, 248, 246)),
    Colour(name="gray", zh="灰", rgb=(140, 144, 150)),
)
NAMES: tuple[str, ...] = tuple(colour.name for colour in COLOURS)
BY_NAME: dict[str, Colour] = {colour.name: colour for colour in COLOURS}

# Colours that letters are drawn in.
TEXT_COLOURS: tuple[str, ...] = (
    "black", "white", "red", "blue", "green", "yellow", "purple", "orange",
)  # fmt: skip

# Least distance in RGB at which a shape stands out, and least difference in brightness at which
# letters can be read; both in [0, 255] units.
_MIN_DISTANCE = 110.0
_MIN_BRIGHTNESS = 50.0
_LUMA = np.asarray((0.299, 0.587, 0.114), dtype=np.float32)


def rgb(name: str) -> NDArray[np.float32]:
    """Colour of ``name`` as fp32 in [0, 255], shape ``[3]``."""
    return np.asarray(BY_NAME[name].rgb, dtype=np.float32)


def contrast(first: str, second: str) -> bool:
    """Whether two named colours are far enough apart to be seen on each other."""
    return bool(np.linalg.norm(rgb(first) - rgb(second)) >= _MIN_DISTANCE)


def readable(first: str, second: str) -> bool:
    """Whether letters of one named colour can be read on the other."""
    brightness = float(abs((rgb(first) - rgb(second)) @ _LUMA))
    return contrast(first, second) and brightness >= _MIN_BRIGHTNESS


def nearest(colour: NDArray[np.float32]) -> str:
    """Name of the palette colour nearest to an RGB value in [0, 255]."""
    distances = [float(np.linalg.norm(colour - rgb(name))) for name in NAMES]
    return NAMES[int(np.argmin(distances))]
