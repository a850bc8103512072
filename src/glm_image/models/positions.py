"""Position ids of prompts and image rasters on three axes: time, row, column.

Text counts up on all axes together. An image keeps the counter of the moment on the time axis and
adds its rows and columns on the other two; after it the counter has moved by the longer side.
Pure functions: what a request needs of its positions it keeps itself.

Source: Wang et al. 2024, Qwen2-VL, section 2.1; reference behaviour: transformers,
GlmImageModel.get_rope_index.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from glm_image.errors import ShapeError
from glm_image.types import SourceSpan

_PADDING_POSITION = 1


def prompt_positions(length: int, sources: Sequence[SourceSpan] = ()) -> tuple[Tensor, int]:
    """Positions of a prompt of text and source images.

    Args:
        length: Number of tokens, markers and codes included.
        sources: Its source images from left to right.

    Returns:
        Positions ``[3, length]`` (int64, on the CPU) and the counter after the last token, which
        is where generation goes on.

    Raises:
        ShapeError: A span overlaps the one before it or reaches beyond the prompt.
    """
    parts: list[Tensor] = []
    index = counter = 0
    for span in sources:
        if span.start_index < index or span.stop_index > length:
            raise ShapeError(
                f"codes {span.start_index} to {span.stop_index} do not fit {index} to {length}",
                field="sources",
                hint="spans are ordered, do not overlap and lie inside the prompt",
            )
        text = span.start_index - index
        parts += [_text(counter, text), _raster(counter + text, span.height, span.width)]
        counter += text + max(span.height, span.width)
        index = span.stop_index
    parts.append(_text(counter, length - index))
    return torch.cat(parts, dim=1), counter + length - index


def raster_positions(next_position: int, grids: Sequence[tuple[int, int]]) -> Tensor:
    """Positions of generated codes and of the end marker behind them.

    Args:
        next_position: Counter after the prompt.
        grids: ``(rows, columns)`` of each raster in the order of generation: the preview, if there
            is one, before the large raster.

    Returns:
        ``[3, n]`` with ``n`` = all codes + 1 (int64, on the CPU).
    """
    parts: list[Tensor] = []
    counter = next_position
    for height, width in grids:
        parts.append(_raster(counter, height, width))
        counter += max(height, width)
    parts.append(_text(counter, 1))
    return torch.cat(parts, dim=1)


def batch_positions(positions: Sequence[Tensor]) -> Tensor:
    """Stack positions ``[3, L_b]`` of several samples, padded on the left.

    Padding must be masked; its position only has to exist.

    Returns:
        ``[3, B, max L]``.
    """
    length = max(sample.shape[1] for sample in positions)
    padded = [
        torch.nn.functional.pad(sample, (length - sample.shape[1], 0), value=_PADDING_POSITION)
        for sample in positions
    ]
    return torch.stack(padded, dim=1)


def _text(counter: int, count: int) -> Tensor:
    return torch.arange(counter, counter + count).expand(3, -1)


def _raster(counter: int, height: int, width: int) -> Tensor:
    rows = torch.arange(height).repeat_interleave(width)
    columns = torch.arange(width).repeat(height)
    return torch.stack((torch.zeros_like(rows), rows, columns)) + counter
