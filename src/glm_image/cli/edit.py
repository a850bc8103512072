"""``glm-image edit``: a picture from pictures and words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from glm_image.cli.flags import DrawFlags, flag
from glm_image.cli.generate import draw


@dataclass(frozen=True, kw_only=True)
class EditFlags(DrawFlags):
    """How pictures are edited and where they go."""

    strength: Annotated[
        float | None,
        flag("How much changes, above 0 to 1. Default: 1, drawn anew.", metavar="X"),
    ] = None


def edit(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE", help="Pictures that the words speak of.")
    ],
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What shall become of them.")],
    flags: EditFlags,
) -> None:
    """Edit pictures by words: one picture, or several that go into one."""
    draw(prompt, images, flags.strength, flags)
