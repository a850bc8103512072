"""What a reader makes of clean renderings: no picture can be expected to score higher.

Measured with ``glm-image evaluate ceiling``, which draws the wanted texts with ordinary fonts in
1024 x 1024 pixels: all 160 prompts of each half of LongText-Bench, all 2,000 of CVTG-2K.
"""

from collections.abc import Mapping

from glm_image.evaluation.readers.base import Reader

_CEILINGS: Mapping[tuple[str, str], Mapping[str, float]] = {
    ("rapidocr", "3.10.0"): {"cvtg-2k": 0.998, "longtext-en": 0.999, "longtext-zh": 0.999},
}


def ceiling_of(reader: Reader | None, benchmark: str) -> float | None:
    """A reader's ceiling in a benchmark's first metric; None where it was not measured."""
    if reader is None:
        return None
    return _CEILINGS.get((reader.name, reader.version), {}).get(benchmark)
