"""The generator's prompt: source images, the user's words, the grids to be written.

Text to image::

    words <sop>{rows} {columns}<eop> <sop>{preview rows} {preview columns}<eop> start

Image to image, once per source picture ``start placeholder*(rows*columns) end``, then::

    words <sop>{rows} {columns}<eop> start

There are no role markers and nothing stands between the parts.

Source: zai-org/GLM-Image, ``processor/chat_template.jinja``; reference behaviour: transformers,
GlmImageProcessor.
"""

from collections.abc import Sequence

import torch

from glm_image.errors import InputError
from glm_image.tokenizer.text import TextTokenizer
from glm_image.types import GeneratorInput, Grid, SourceSpan


def text_to_image(
    tokenizer: TextTokenizer, text: str, *, target: Grid, preview: Grid | None
) -> GeneratorInput:
    """Prompt for a picture from words alone.

    Args:
        tokenizer: The checkpoint's tokenizer.
        text: The user's words.
        target: Rows and columns of the large raster.
        preview: Rows and columns of the preview, which is written first; None leaves it out, as
            in the first stage of pre-training.
    """
    rasters = (target,) if preview is None else (preview, target)
    ids = [
        *tokenizer.prefix_ids,
        *tokenizer.encode(text),
        *_grid_ids(tokenizer, target),
        *([] if preview is None else _grid_ids(tokenizer, preview)),
        tokenizer.start_id,
        *tokenizer.suffix_ids,
    ]
    return GeneratorInput(ids_l=torch.tensor(ids), sources=(), rasters=rasters)


def image_to_image(
    tokenizer: TextTokenizer, text: str, *, target: Grid, sources: Sequence[Grid]
) -> GeneratorInput:
    """Prompt for a picture made from other pictures; there is no preview.

    What the tokenizer's post-processor frames a text with is left out, because the prompt opens
    with a marker already.

    Args:
        tokenizer: The checkpoint's tokenizer.
        text: The user's words.
        target: Rows and columns of the raster.
        sources: Rows and columns of each source image, in order.

    Raises:
        InputError: There is no source.
    """
    if not sources:
        raise InputError("no source image", field="image", hint="give at least one picture")
    ids: list[int] = []
    spans: list[SourceSpan] = []
    for rows, columns in sources:
        ids.append(tokenizer.start_id)
        spans.append(SourceSpan(start_index=len(ids), height=rows, width=columns))
        ids += [tokenizer.image_id] * (rows * columns)
        ids.append(tokenizer.end_id)
    ids += tokenizer.encode(text) + _grid_ids(tokenizer, target) + [tokenizer.start_id]
    return GeneratorInput(ids_l=torch.tensor(ids), sources=tuple(spans), rasters=(target,))


def _grid_ids(tokenizer: TextTokenizer, grid: Grid) -> list[int]:
    words = tokenizer.encode(f"{grid[0]} {grid[1]}")
    return [tokenizer.grid_start_id, *words, tokenizer.grid_end_id]
