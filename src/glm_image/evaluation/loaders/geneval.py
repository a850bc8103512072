"""GenEval: short prompts about objects, their number, colour and place.

Source: Ghosh et al. 2023, GenEval (arXiv 2310.11513).
"""

from pathlib import Path

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.data_folder import content
from glm_image.evaluation.loaders import rows


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with ids of five digits, which are the line numbers from 0.

    What must and must not be seen is in the item's ``detail``: ``include`` and ``exclude``, lists
    of objects with ``class``, ``count`` and, in some, ``color`` or ``position``.

    Raises:
        InputError: The file is damaged; names the line.
    """
    (file,) = benchmark.files
    lines = rows.json_lines(content(benchmark, folder, file.path), file.path)
    return tuple(_item(index, row, place) for index, (place, row) in enumerate(lines))


def _item(index: int, row: rows.Row, place: str) -> Item:
    return Item(
        id=f"{index:05d}",
        prompt=rows.value(row, "prompt", str, place),
        tags={"task": rows.value(row, "tag", str, place)},
        detail={
            "include": rows.value(row, "include", list, place),
            "exclude": rows.value(row, "exclude", list, place) if "exclude" in row else [],
        },
    )
