"""What a loaded model says about itself."""

import hashlib
from pathlib import Path

from glm_image.checkpoint.writer import MARKER_FILE
from glm_image.pipeline import families
from glm_image.pipeline.loaded import Loaded
from glm_image.pipeline.system import find, read_about
from glm_image.serving.records import ModelCard
from glm_image.types import PIXELS_PER_TOKEN

_BLOCK = 1024 * 1024
_BLOCKS = 16
"""Blocks of each file that its fingerprint is taken from; small files are read whole."""

_DIGITS = 32

_OF_CODES = ("temperature", "top_p", "top_k", "layout_seed", "mask")
"""Fields of a request that only a model that writes codes, and edits by them, understands."""


def card(system: Loaded, name: str, source: str | None) -> ModelCard:
    """What clients may know of a model.

    Args:
        system: The model.
        name: What clients call it.
        source: What it was loaded from.

    Raises:
        NotFoundError: Its folder has vanished.
    """
    folder = find(source)
    about, can = read_about(folder), families.abilities(system)
    low, high = can.sides
    return ModelCard(
        name=name,
        digest=fingerprint(folder),
        summary=f"{system.name}: {can.summary}" if about is None else about.summary,
        default_width=can.default_size.width,
        default_height=can.default_size.height,
        min_side=-(-low // PIXELS_PER_TOKEN) * PIXELS_PER_TOKEN,
        max_side=high // PIXELS_PER_TOKEN * PIXELS_PER_TOKEN,
        max_pixels=can.most_pixels,
        multiple=PIXELS_PER_TOKEN,
        max_sources=can.sources,
        steps=can.usual.steps,
        guidance=can.usual.guidance,
        temperature=None if can.sampling is None else can.sampling.temperature,
        top_p=None if can.sampling is None else can.sampling.top_p,
        refused=_OF_CODES if can.sampling is None else (),
        created=(folder / MARKER_FILE).stat().st_mtime,
        examples=() if about is None else about.examples,
    )


def fingerprint(folder: Path) -> str:
    """32 hexadecimal digits that change with the weights and configurations of a folder.

    Names and sizes of all files count, and of each file up to 16 blocks of 1 MiB spread over it,
    so that a model of 40 GB is told from another one in a second.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        starts = {step * max(0, size - _BLOCK) // (_BLOCKS - 1) for step in range(_BLOCKS)}
        with path.open("rb") as file:
            for start in sorted(starts):
                file.seek(start)
                digest.update(file.read(_BLOCK))
    return digest.hexdigest()[:_DIGITS]
