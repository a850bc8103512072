"""LongText-Bench: long texts on signs, labels, pages and slides, in English and in Chinese.

Source: Geng et al. 2025, X-Omni (arXiv 2507.22058), folder ``textbench`` of its repository.
"""

from pathlib import Path

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.data_folder import content
from glm_image.evaluation.loaders import rows


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with ids of four digits. The authors' numbers have gaps, and are kept.

    The texts are those of the list ``text``: not all of them stand word by word in the prompt.

    Raises:
        InputError: A file is damaged; names file and row.
    """
    return tuple(
        _item(row, place)
        for file in benchmark.files
        for place, row in rows.json_lines(content(benchmark, folder, file.path), file.path)
    )


def _item(row: rows.Row, place: str) -> Item:
    return Item(
        id=f"{rows.value(row, 'prompt_id', int, place):04d}",
        prompt=rows.value(row, "prompt", str, place),
        tags={name: rows.value(row, name, str, place) for name in ("category", "length")},
        texts=rows.text_list(row, "text", place),
    )
