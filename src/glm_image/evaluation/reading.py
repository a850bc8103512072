"""Reads what the letters of a picture say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from glm_image.data.draw import Pixels
from glm_image.errors import NotFoundError

_ENLARGED = 2
_DETECTION_SIDE = 320


@dataclass(frozen=True, kw_only=True)
class ReadLine:
    """One line that was read.

    Attributes:
        text: Its characters, spaces left out.
        top: Upper edge as a share of the picture's height.
        left: Left edge as a share of the picture's width.
    """

    text: str
    top: float
    left: float


class Reader(Protocol):
    """Anything that reads letters from pixels without knowing what to expect."""

    def read(self, pixels: Pixels) -> list[ReadLine]:
        """Lines of a picture ``[H, W, 3]`` uint8, from top to bottom."""


class OcrReader:
    """rapidocr in this process, with the recognition models of its wheel.

    Letters of the drawn pictures stand 32 pixels apart, so one line may come as several boxes;
    boxes whose middles are on one height are joined from left to right.

    Raises:
        NotFoundError: The ``evaluate`` extra is not installed.
    """

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise NotFoundError(
                "rapidocr is not installed",
                field="reader",
                hint="pip install 'glm-image[evaluate]'",
            ) from error
        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_side_len": _DETECTION_SIDE,
                "Det.limit_type": "min",
            }
        )

    def read(self, pixels: Pixels) -> list[ReadLine]:
        """Lines of a picture ``[H, W, 3]`` uint8, from top to bottom."""
        height, width = pixels.shape[:2]
        size = width * _ENLARGED, height * _ENLARGED
        large = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
        # The engine expects blue first and finds nothing by answering None.
        found = self._engine(np.asarray(large)[:, :, ::-1], use_cls=False)
        if found.txts is None:
            return []
        boxes = [np.asarray(box) / (size[0], size[1]) for box in found.boxes]
        return join_rows(list(zip(found.txts, boxes, strict=True)))


def join_rows(pieces: Sequence[tuple[str, Any]]) -> list[ReadLine]:
    """Join pieces of text whose middles are on one height.

    Args:
        pieces: Text and corners ``[4, 2]`` as (x, y) shares of the picture.
    """
    rows: list[list[tuple[float, float, float, str]]] = []
    for text, corners in sorted(pieces, key=lambda piece: float(piece[1][:, 1].mean())):
        top, bottom = float(corners[:, 1].min()), float(corners[:, 1].max())
        entry = (float(corners[:, 0].min()), top, bottom, text)
        middle = (top + bottom) / 2
        if rows and rows[-1][0][1] < middle < rows[-1][0][2]:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    lines: list[ReadLine] = []
    for row in rows:
        row.sort()
        text = "".join(entry[3] for entry in row).replace(" ", "")
        lines.append(ReadLine(text=text, top=row[0][1], left=row[0][0]))
    return lines
