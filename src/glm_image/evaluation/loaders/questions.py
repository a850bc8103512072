"""Tables of yes/no questions in the layout that DSG introduced and DPG-Bench took over.

Source: Cho et al. 2023, Davidsonian Scene Graph (arXiv 2310.18235).
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from glm_image.errors import InputError
from glm_image.evaluation.benchmark import Question
from glm_image.evaluation.loaders import rows

COLUMNS = (
    "item_id",
    "text",
    "proposition_id",
    "dependency",
    "category_broad",
    "category_detailed",
    "question_natural_language",
)
"""Columns that are read; others may stand beside them."""

_ITEM_SOURCE = re.compile(r"(.*?)_*\d+")


def read(data: bytes, source: str) -> dict[str, tuple[str, tuple[Question, ...]]]:
    """Prompt and questions of each item of a table, in the table's order.

    Raises:
        InputError: A row is damaged, or two questions have the same number.
    """
    prompts: dict[str, str] = {}
    questions: dict[str, list[Question]] = {}
    for place, row in rows.csv_rows(data, source, COLUMNS):
        prompts.setdefault(row["item_id"], row["text"])
        questions.setdefault(row["item_id"], []).append(_question(row, place))
    return {
        item: (prompt, linked(questions[item], f"{source}: {item}"))
        for item, prompt in prompts.items()
    }


def source_of(item: str) -> str:
    """The collection that a prompt comes from: its id without the number."""
    match = _ITEM_SOURCE.fullmatch(item)
    name = match[1] if match else item
    return name.rstrip("_") or "numbered"


def linked(asked: Sequence[Question], place: str) -> tuple[Question, ...]:
    """Questions without the parents that cannot be followed: themselves, and ones not there.

    Published tables hold both. Two questions that need each other are left as they are, so that a
    scorer must not follow parents without end.

    Raises:
        InputError: Two questions have the same number.
    """
    numbers = {question.number for question in asked}
    if len(numbers) != len(asked):
        raise InputError("two questions have the same number", field=place)
    return tuple(
        replace(one, parents=tuple(sorted(numbers.intersection(one.parents) - {one.number})))
        for one in asked
    )


def parents_of(text: str, place: str) -> tuple[int, ...]:
    """Numbers of a list such as ``1,2``; 0 stands for none.

    Some rows of the published tables have a word behind the number, as in ``5, right``; it says
    nothing about parents and is left out.

    Raises:
        InputError: It holds no number.
    """
    numbers = [int(one) for one in text.split(",") if one.strip().isdecimal()]
    if not numbers:
        raise InputError(f"dependency {text!r}", field=place)
    return tuple(number for number in numbers if number)


def _question(row: rows.Row, place: str) -> Question:
    number = row["proposition_id"]
    if not number.isdecimal():
        raise InputError(f"proposition_id {number!r}", field=place)
    kinds = [row["category_broad"], row["category_detailed"]]
    return Question(
        number=int(number),
        text=row["question_natural_language"],
        parents=parents_of(row["dependency"], place),
        category=" - ".join(kind for kind in kinds if kind not in ("", "-")),
    )
