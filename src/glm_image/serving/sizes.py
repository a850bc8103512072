"""Sizes as clients write them, and what a model can draw."""

import math
import re
from dataclasses import dataclass
from itertools import product

from glm_image.image.stretch import stretch
from glm_image.serving.errors import RequestError
from glm_image.serving.records import ModelCard

PRESETS = ("1280x1280", "1568x1056", "1056x1568", "1472x1088", "1088x1472", "1728x960", "960x1728")
"""Recommended sizes of the full model. Source: BigModel, image generation, ``size``."""

_SIZE = re.compile(r"\s*(\d{1,5})\s*[xX×*]\s*(\d{1,5})\s*")


@dataclass(frozen=True, kw_only=True)
class PictureSize:
    """Width and height in pixels, in the order in which clients write them."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def read_size(text: str | None, card: ModelCard, *, source: PictureSize | None) -> PictureSize:
    """The size that a request asks for.

    Args:
        text: ``"WxH"``, ``"auto"`` or nothing.
        card: The model that will draw it.
        source: Size of the first picture of an edit.

    Raises:
        RequestError: It is no size, or none that the model draws; the hint names the nearest.
    """
    if text is None or text.strip().lower() == "auto":
        if source is None:
            return PictureSize(width=card.default_width, height=card.default_height)
        return like(source, card)
    found = _SIZE.fullmatch(text)
    if found is None:
        raise RequestError(
            f"got {text[:40]!r}", field="size", hint="WIDTHxHEIGHT in pixels, or auto"
        )
    size = PictureSize(width=int(found[1]), height=int(found[2]))
    return checked(size, card, field="size")


def checked(size: PictureSize, card: ModelCard, *, field: str) -> PictureSize:
    """A size that the model draws.

    Raises:
        RequestError: It does not draw this one.
    """
    near = nearest(size, card)
    if near != size:
        most = "" if card.max_pixels is None else f", at most {card.max_pixels} pixels in all"
        raise RequestError(
            f"{card.name} does not draw {size}; sides are {card.min_side} to {card.max_side} "
            f"pixels in steps of {card.multiple}{most}",
            field=field,
            hint=f"the nearest is {near}",
        )
    return size


def nearest(size: PictureSize, card: ModelCard) -> PictureSize:
    """The size nearest to another one: side by side, or stretched least if that is too large."""
    near = PictureSize(width=_side(size.width, card), height=_side(size.height, card))
    most = card.max_pixels
    if most is None or near.width * near.height <= most:
        return near
    low, high = _limits(card)
    legal = [side * card.multiple for side in range(low, high + 1)]
    sides = (pair for pair in product(legal, legal) if math.prod(pair) <= most)
    height, width = min(sides, key=lambda pair: stretch(pair, (size.height, size.width)))
    return PictureSize(width=width, height=height)


def like(source: PictureSize, card: ModelCard) -> PictureSize:
    """The size of an edit whose size nobody names: the aspect of its source, in what is drawn."""
    low, high = min(source.width, source.height), max(source.width, source.height)
    scale = max(1.0, card.min_side / max(low, 1))
    scale = min(scale, card.max_side / max(high, 1))
    if card.max_pixels is not None:
        scale = min(scale, math.sqrt(card.max_pixels / max(low * high, 1)))
    return nearest(
        PictureSize(width=round(source.width * scale), height=round(source.height * scale)), card
    )


def _side(side: int, card: ModelCard) -> int:
    low, high = _limits(card)
    return min(max(round(side / card.multiple), low), high) * card.multiple


def _limits(card: ModelCard) -> tuple[int, int]:
    """Least and greatest side in steps; the limits themselves need not be multiples."""
    return -(-card.min_side // card.multiple), card.max_side // card.multiple
