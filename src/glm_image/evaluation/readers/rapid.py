"""The reader that works everywhere: rapidocr with the models of its wheel."""

from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image

from glm_image.errors import NotFoundError
from glm_image.evaluation.readers.base import in_reading_order, piece_of


class RapidReader:
    """rapidocr in this process, on one thread.

    Reads English and Chinese and keeps the spaces between words. Scoring runs one per process, so
    more threads would only take turns.

    Raises:
        NotFoundError: The ``evaluate`` extra is not installed.
    """

    name = "rapidocr"

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError as error:
            raise NotFoundError(
                "rapidocr is not installed",
                field="reader",
                hint="pip install 'glm-image[evaluate]'",
            ) from error
        self.version = version("rapidocr")
        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "error",
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, image: Image.Image) -> list[str]:
        """Lines of an RGB picture, from top to bottom and from left to right."""
        # The engine expects blue first and finds nothing by answering None.
        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        found = self._engine(pixels)
        if found.txts is None:
            return []
        pieces = zip(found.txts, found.boxes, strict=True)
        return in_reading_order([piece_of(text, corners) for text, corners in pieces])
