"""DSG-1k: prompts of ten collections with questions that depend on each other.

Source: Cho et al. 2023, Davidsonian Scene Graph (arXiv 2310.18235).
"""

from pathlib import Path

from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.data_folder import content
from glm_image.evaluation.loaders import questions


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with the authors' ids, such as ``whoops_5``.

    Raises:
        InputError: The table is damaged; names file and row.
    """
    (file,) = benchmark.files
    table = questions.read(content(benchmark, folder, file.path), file.path)
    return tuple(
        Item(id=id, prompt=prompt, tags={"source": questions.source_of(id)}, questions=asked)
        for id, (prompt, asked) in table.items()
    )
