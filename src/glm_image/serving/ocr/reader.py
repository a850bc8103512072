"""Reads pictures until nobody sends one for a while; the only place that loads the networks.

Started as ``python -m glm_image.serving.ocr.reader``. On standard input it gets pictures, each as
eight bytes with its length and the file. For each it says one line of JSON on standard output: the
boxes of text that it found, or what went wrong. It ends with its input.

Source: reference behaviour: rapidocr, ``RapidOCR.__call__``.
"""

import io
import json
import os
import struct
import sys
from typing import Any, BinaryIO

import numpy as np
from PIL import Image as PilImage

LENGTH = struct.Struct(">Q")
"""Length of the file that follows."""


def main() -> int:
    """Read pictures; gives the exit code."""
    source, target = sys.stdin.buffer, _only_voice()
    engine = _engine()
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        data = source.read(*LENGTH.unpack(head))
        try:
            said: dict[str, Any] = {"boxes": _read(engine, data)}
        # What the networks do with a picture is theirs; the next picture may fare better.
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        target.write(json.dumps(said).encode() + b"\n")
        target.flush()
    return 0


def _only_voice() -> BinaryIO:
    """Standard output for answers alone: what libraries print goes to standard error."""
    kept = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(kept, "wb")


def _engine() -> Any:
    from rapidocr import RapidOCR

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _read(engine: Any, data: bytes) -> list[dict[str, Any]]:
    with PilImage.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image.convert("RGB"))
    # The engine expects blue first and finds nothing by answering None.
    found = engine(np.ascontiguousarray(pixels[:, :, ::-1]))
    if found.txts is None:
        return []
    boxes: list[dict[str, Any]] = []
    for text, corners, score in zip(found.txts, found.boxes, found.scores, strict=True):
        across, down = np.asarray(corners, dtype=float).T
        edges = [across.min(), down.min(), across.max(), down.max()]
        box = [round(float(edge), 1) for edge in edges]
        boxes.append({"text": str(text), "score": round(float(score), 3), "box": box})
    return boxes


if __name__ == "__main__":
    sys.exit(main())
