"""A moderation hook that some words and some pictures do not pass."""

import io
from collections.abc import Sequence

from PIL import Image

from glm_image.serving.errors import Flag
from glm_image.serving.moderation import Content, Kind

NARROW = 32


def check(content: Content) -> Sequence[Flag]:
    """Refuses the word "forbidden", sources of any kind, and narrow pictures."""
    if "forbidden" in content.text:
        return [Flag(role=content.kind.role, level=1)]
    if content.kind is Kind.PICTURE:
        with Image.open(io.BytesIO(content.image)) as image:
            narrow = image.width == NARROW
        # Whose content it is goes without saying.
        return [Flag(role="", level=2), Flag(role="history", level=3)] if narrow else []
    return [Flag(role="user", level=0)] if content.kind is Kind.SOURCE else []
