"""CVTG-2K: English prompts with two to five texts at different places of one picture.

Source: Du et al. 2025, TextCrafter (arXiv 2503.23461); data of dataset dnkdnk/CVTG-2K.
"""

import re
from pathlib import Path, PurePosixPath

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.data_folder import content
from glm_image.evaluation.loaders import rows

_TARGET = re.compile(r"'([^']*)'")
"""Texts stand between straight single quotes; possessives in prompts use the curly apostrophe."""


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with ids such as ``CVTG-Style/3/17``: subset, number of texts, index.

    Raises:
        InputError: A file is damaged; names file and row.
    """
    return tuple(
        item
        for file in benchmark.files
        for item in _items(content(benchmark, folder, file.path), PurePosixPath(file.path))
    )


def targets(prompt: str) -> tuple[str, ...]:
    """Texts that a picture should show, as the authors count them."""
    return tuple(_TARGET.findall(prompt))


def _items(data: bytes, path: PurePosixPath) -> list[Item]:
    subset, regions = path.parent.name, path.stem
    table = rows.json_object(data, str(path))
    items = []
    for number, row in enumerate(rows.value(table, "data_list", list, str(path))):
        place = f"{path}: row {number}"
        prompt = rows.value(row, "prompt", str, place)
        index = rows.value(row, "index", int, place)
        items.append(
            Item(
                id=f"{subset}/{regions}/{index}",
                prompt=prompt,
                tags={"subset": subset, "regions": regions},
                texts=targets(prompt),
            )
        )
    return items
