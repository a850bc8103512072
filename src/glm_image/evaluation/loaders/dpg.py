"""DPG-Bench: dense prompts of about 400 characters, with questions in the layout of DSG.

The prompts suffice to draw; scoring needs the authors' table of questions beside them.

Source: Hu et al. 2024, ELLA (arXiv 2403.05135), folder ``dpg_bench`` of its repository.
"""

from pathlib import Path

from glm_image.errors import InputError
from glm_image.evaluation.benchmark import Benchmark, Item, Question
from glm_image.evaluation.data_folder import content
from glm_image.evaluation.loaders import questions, rows

QUESTIONS = "dpg_bench.csv"
"""The table of questions, which may be missing."""


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with the authors' ids, such as ``partiprompts12``; without questions if none are there.

    Raises:
        InputError: A file is damaged, or the questions are about other prompts.
    """
    (file,) = benchmark.files
    asked = _questions(folder)
    items = [
        _item(row, place, asked)
        for place, row in rows.json_lines(content(benchmark, folder, file.path), file.path)
    ]
    strangers = asked.keys() - {item.id for item in items}
    if strangers:
        raise InputError(f"has unknown prompts {sorted(strangers)[:5]}", field=QUESTIONS)
    unasked = [item.id for item in items if not item.questions]
    if asked and unasked:
        raise InputError(f"has no questions about {unasked[:5]}", field=QUESTIONS)
    return tuple(items)


def _questions(folder: Path) -> dict[str, tuple[str, tuple[Question, ...]]]:
    path = folder / QUESTIONS
    return questions.read(path.read_bytes(), QUESTIONS) if path.is_file() else {}


def _item(row: rows.Row, place: str, asked: dict[str, tuple[str, tuple[Question, ...]]]) -> Item:
    id = rows.value(row, "id", str, place)
    return Item(
        id=id,
        prompt=rows.value(row, "prompt", str, place),
        tags={"source": questions.source_of(id)},
        questions=asked[id][1] if id in asked else (),
    )
