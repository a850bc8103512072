"""The bundled model's own suite: held-out drawings and edits, which the package makes itself."""

from pathlib import Path

from glm_image.data.scene import CELL
from glm_image.evaluation.benchmark import Benchmark, Item
from glm_image.evaluation.posters import held_out
from glm_image.evaluation.posters.held_out import Case
from glm_image.evaluation.posters.painter import source_images


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with the names of the cases, such as ``draw-007`` and ``edit-012``."""
    return tuple(_item(case) for case in (*held_out.drawings(), *held_out.edits()))


def _item(case: Case) -> Item:
    scene = case.expected
    return Item(
        id=case.name,
        prompt=case.prompt,
        tags={
            "task": case.task,
            "kind": case.kind,
            "language": "zh" if case.chinese else "en",
        },
        texts=tuple(line.text for line in scene.texts),
        sources=tuple(source_images(case)),
        size=(scene.columns * CELL, scene.rows * CELL),
        detail={"case": case},
    )
