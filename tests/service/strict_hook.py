"""A moderation hook that some words and some pictures do not pass."""

from collections.abc import Sequence

from glm_image.serving.errors import Flag
from glm_image.serving.moderation import Content, Kind


def check(content: Content) -> Sequence[Flag]:
    """Refuses the word "forbidden", and sources of any kind."""
    if "forbidden" in content.text:
        return [Flag(role=content.kind.role, level=1)]
    return [Flag(role="user", level=0)] if content.kind is Kind.SOURCE else []
