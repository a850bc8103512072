"""Reads what cut-out letters of a picture say."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from PIL import Image

from glm_image.data.draw import Pixels
from glm_image.errors import NotFoundError

# Height in pixels to which letters are brought: that of the recogniser's own input.
_HEIGHT = 48
# Least width as a multiple of the height: a single letter is read better with white around.
_LEAST_WIDTH = 1.0
_WHITE = 255


class Reader(Protocol):
    """Anything that reads letters from pixels without knowing what to expect."""

    def read(self, crops: Sequence[Pixels]) -> list[str]:
        """What every piece ``[h, w, 3]`` uint8 of letters on one line says, without spaces."""


class OcrReader:
    """The recogniser of rapidocr in this process, with the models of its wheel, on one thread.

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
                "Global.text_score": 0.0,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def read(self, crops: Sequence[Pixels]) -> list[str]:
        """What every piece ``[h, w, 3]`` uint8 of letters on one line says, without spaces."""
        return [self._line(crop) for crop in crops]

    def _line(self, crop: Pixels) -> str:
        # The engine expects blue first, but letters are grey.
        found = self._engine(_fitted(crop), use_det=False, use_cls=False, use_rec=True)
        return "".join(found.txts[0].split()) if found.txts else ""


def _fitted(crop: Pixels) -> Pixels:
    """A piece at the recogniser's height, on white that is not too narrow."""
    width = round(crop.shape[1] * _HEIGHT / crop.shape[0])
    image = Image.fromarray(crop).resize((max(width, 1), _HEIGHT), Image.Resampling.BICUBIC)
    page = Image.new("RGB", (max(width, round(_LEAST_WIDTH * _HEIGHT)), _HEIGHT), (_WHITE,) * 3)
    page.paste(image, ((page.width - width) // 2, 0))
    return np.asarray(page)
