"""What a loaded model says about itself."""

import hashlib
from pathlib import Path

from glm_image.checkpoint.writer import MARKER_FILE
from glm_image.image.size import plan_output
from glm_image.pipeline.params import SamplingParams
from glm_image.pipeline.request import MAX_SOURCES
from glm_image.pipeline.system import System, find, read_about
from glm_image.serving.records import ModelCard
from glm_image.types import PIXELS_PER_TOKEN

_BLOCK = 1024 * 1024
_BLOCKS = 16
"""Blocks of each file that its fingerprint is taken from; small files are read whole."""

_DIGITS = 32


def card(system: System, name: str, source: str | None) -> ModelCard:
    """What clients may know of a model.

    Args:
        system: The model.
        name: What clients call it.
        source: What it was loaded from.

    Raises:
        NotFoundError: Its folder has vanished.
    """
    folder = find(source)
    about = read_about(folder)
    low, high = system.sides
    sampling, usual = system.sampling, SamplingParams()
    # Sides of files are multiples of a token; what the model was trained for may lie between.
    default = plan_output(*system.default_size).generated
    return ModelCard(
        name=name,
        digest=fingerprint(folder),
        summary=f"{system.name}: text to image and image editing"
        if about is None
        else about.summary,
        default_width=default.width,
        default_height=default.height,
        min_side=-(-low // PIXELS_PER_TOKEN) * PIXELS_PER_TOKEN,
        max_side=high // PIXELS_PER_TOKEN * PIXELS_PER_TOKEN,
        multiple=PIXELS_PER_TOKEN,
        max_sources=MAX_SOURCES,
        steps=usual.steps,
        guidance=usual.guidance,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
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
