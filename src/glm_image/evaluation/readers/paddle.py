"""PaddleOCR, the reader of CVTG-2K's authors, where it is installed."""

from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from PIL import Image

from glm_image.errors import NotFoundError
from glm_image.evaluation.readers.base import in_reading_order, piece_of

_HINT = "pip install 'paddleocr==2.10.0' paddlepaddle; its models are fetched on first use"


class PaddleReader:
    """PaddleOCR for English, with its classifier of angles.

    Source: reference behaviour: NJU-PCALab/TextCrafter, evaluation of CVTG-2K with PaddleOCR
    2.10.0.

    Raises:
        NotFoundError: PaddleOCR of the 2.x line is not installed.
    """

    name = "paddleocr"

    def __init__(self) -> None:
        try:
            engine: Any = import_module("paddleocr").PaddleOCR
        except ImportError as error:
            raise NotFoundError("paddleocr is not installed", field="reader", hint=_HINT) from error
        self.version = version("paddleocr")
        if not self.version.startswith("2."):
            raise NotFoundError(
                f"paddleocr is {self.version}, expected 2.x", field="reader", hint=_HINT
            )
        self._engine: Any = engine(use_angle_cls=True, lang="en", show_log=False)

    def read(self, image: Image.Image) -> list[str]:
        """Lines of an RGB picture, from top to bottom and from left to right."""
        pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
        # One list per picture; None where nothing was found.
        found = self._engine.ocr(pixels, cls=True)[0] or []
        return in_reading_order([piece_of(text, corners) for corners, (text, _) in found])
