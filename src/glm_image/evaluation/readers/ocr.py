"""Reads what the letters of a picture say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from glm_image.data.draw import Pixels
from glm_image.data.scene import CELL
from glm_image.errors import NotFoundError

Corners = NDArray[np.float64]

# Side in pixels to which pictures are enlarged for finding letters; reads true renderings best.
_DETECTION_SIDE = 736
# Widest gap between two boxes of one text, in cells; texts of one row are further apart.
_WIDEST_GAP = 1.5


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
                "Global.use_cls": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_side_len": _DETECTION_SIDE,
                "Det.limit_type": "min",
            }
        )

    def read(self, pixels: Pixels) -> list[ReadLine]:
        """Lines of a picture ``[H, W, 3]`` uint8, from top to bottom."""
        height, width = pixels.shape[:2]
        # The engine expects blue first and finds nothing by answering None.
        found = self._engine(np.ascontiguousarray(pixels[:, :, ::-1]), use_cls=False)
        if found.txts is None:
            return []
        boxes = [np.asarray(box, dtype=np.float64) / (width, height) for box in found.boxes]
        return join_rows(list(zip(found.txts, boxes, strict=True)), _WIDEST_GAP * CELL / width)


def join_rows(pieces: Sequence[tuple[str, Corners]], widest_gap: float) -> list[ReadLine]:
    """Join pieces of text whose middles are on one height and that are not far apart.

    Args:
        pieces: Text and corners ``[4, 2]`` as (x, y) shares of the picture.
        widest_gap: Widest gap inside a line as a share of the picture's width.
    """
    rows: list[list[_Piece]] = []
    for text, corners in sorted(pieces, key=lambda piece: float(piece[1][:, 1].mean())):
        (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
        piece = _Piece(left=left, right=right, top=top, bottom=bottom, text=text.replace(" ", ""))
        if rows and rows[-1][0].top < (top + bottom) / 2 < rows[-1][0].bottom:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [line for row in rows for line in _joined(row, widest_gap)]


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """One box of letters; edges are shares of the picture."""

    left: float
    right: float
    top: float
    bottom: float
    text: str


def _joined(row: list[_Piece], widest_gap: float) -> list[ReadLine]:
    """The lines of a row of pieces."""
    lines: list[ReadLine] = []
    end = -np.inf
    for piece in sorted(row, key=lambda piece: piece.left):
        if not piece.text:
            continue
        if piece.left - end > widest_gap:
            lines.append(ReadLine(text=piece.text, top=piece.top, left=piece.left))
        else:
            lines[-1] = replace(lines[-1], text=lines[-1].text + piece.text)
        end = max(end, piece.right)
    return lines
