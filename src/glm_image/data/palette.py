"""The twelve everyday colours of the drawn pictures, in RGB and in words."""

from dataclasses import dataclass
from functools import cache

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

PASTELS: tuple[str, ...] = ("orange", "yellow", "green", "cyan", "blue", "purple", "pink")
"""Colours that stay themselves when they are mixed with white."""

# Least distance in RGB at which a shape stands out, and least difference in brightness at which
# letters can be read; both in [0, 255] units.
_MIN_DISTANCE = 110.0
_MIN_BRIGHTNESS = 60.0
_LUMA = np.asarray((0.299, 0.587, 0.114), dtype=np.float32)

# How far the second colour of a pattern, the end of a gradient and a pastel are from their colour.
_PATTERN, _GRADIENT, _PASTEL = 0.26, 0.45, 0.6
_BRIGHT = 190.0


def rgb(name: str) -> NDArray[np.float32]:
    """Colour of ``name`` as fp32 in [0, 255], shape ``[3]``."""
    return np.asarray(BY_NAME[name].rgb, dtype=np.float32)


@cache
def shades(kind: str, name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The two colours that a kind of background is made of, fp32 in [0, 255]; plain ones agree."""
    base = rgb(name)
    if kind == "pastel":
        return (base + _PASTEL * (255 - base),) * 2
    if kind == "plain":
        return base, base
    # Gradients end darker, so that light letters stay readable; black can only get lighter.
    darker = name != "black" if kind == "gradient" else base.mean() > _BRIGHT
    share = _GRADIENT if kind == "gradient" else _PATTERN
    return base, base + share * ((0.0 if darker else 255.0) - base)


@cache
def visible(kind: str, background: str, name: str) -> bool:
    """Whether a colour stands out everywhere on a background of some kind and colour."""
    return _distance(kind, background, name) >= _MIN_DISTANCE


@cache
def readable(kind: str, background: str, name: str) -> bool:
    """Whether letters of a colour can be read everywhere on a background."""
    first, second = (float(shade @ _LUMA) for shade in shades(kind, background))
    low, high = sorted((first, second))
    own = float(rgb(name) @ _LUMA)
    apart = own <= low - _MIN_BRIGHTNESS or own >= high + _MIN_BRIGHTNESS
    return apart and visible(kind, background, name)


def contrast(first: str, second: str) -> bool:
    """Whether two named colours are far enough apart to be seen beside each other."""
    return visible("plain", first, second)


def _distance(kind: str, background: str, name: str) -> float:
    """Least distance in RGB from a colour to any mixture of a background's two colours."""
    first, second = shades(kind, background)
    mixtures = first + np.linspace(0, 1, 9, dtype=np.float32)[:, None] * (second - first)
    return float(np.linalg.norm(mixtures - rgb(name), axis=1).min())


def nearest(colour: NDArray[np.float32]) -> str:
    """Name of the palette colour nearest to an RGB value in [0, 255]."""
    distances = [float(np.linalg.norm(colour - rgb(name))) for name in NAMES]
    return NAMES[int(np.argmin(distances))]
