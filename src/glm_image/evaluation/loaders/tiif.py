"""TIIF-Bench: instructions of 39 kinds, each as a short and as a long description.

Prompts and questions stand in files of equal names and match line by line.

Source: Wei et al. 2025, TIIF-Bench (arXiv 2506.02161).
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from glm_image.errors import InputError
from glm_image.evaluation.benchmark import Benchmark, Item, Question
from glm_image.evaluation.data_folder import content
from glm_image.evaluation.loaders import rows
from glm_image.tokenizer.quotes import smart_quotes

LENGTHS = ("short", "long")
"""Every row has a description of each length."""

_ATTRIBUTES = ("color", "texture", "shape")
_RELATIONS = ("2d", "3d", "action", "2d_spatial_relation", "3d_spatial_relation")
_REASONING = ("numeracy", "negation", "differentiation", "comparison")
_OF_PART = (
    dict.fromkeys(_ATTRIBUTES, "attribute")
    | dict.fromkeys(_RELATIONS, "relation")
    | dict.fromkeys(_REASONING, "reasoning")
)
_ORDER = ("attribute", "relation", "reasoning")
_OWN_GROUPS = ("text", "style", "real_world")

_PROMPTS = "_prompts"
_QUESTIONS = "_eval_prompts"
_ANSWERS = ("yes", "no")


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with ids such as ``action+2d/short_description/12``: file, length, line from 0.

    The authors publish no list of the words to be written. Those of the file ``text`` are the
    texts that stand in quotes.

    Raises:
        InputError: A file is damaged, or prompts and questions do not match; names file and line.
    """
    asked = {
        PurePosixPath(file.path).stem.removesuffix(_QUESTIONS): file.path
        for file in benchmark.files
        if PurePosixPath(file.path).stem.endswith(_QUESTIONS)
    }
    items: list[Item] = []
    for file in benchmark.files:
        stem = PurePosixPath(file.path).stem
        if stem.endswith(_QUESTIONS):
            continue
        name = stem.removesuffix(_PROMPTS)
        prompts = list(rows.json_lines(content(benchmark, folder, file.path), file.path))
        questions = list(rows.json_lines(content(benchmark, folder, asked[name]), asked[name]))
        if len(prompts) != len(questions):
            raise InputError(
                f"{len(prompts)} prompts, {len(questions)} rows of questions", field=file.path
            )
        for line, (prompt, answers) in enumerate(zip(prompts, questions, strict=True)):
            items.extend(_items(name, line, prompt, answers))
    return tuple(items)


def group_of(name: str) -> str:
    """The one of the nine groups that a file counts in, such as ``attribute+relation``.

    Raises:
        InputError: The name is unknown.
    """
    if name in _OWN_GROUPS:
        return name
    parts = name.split("+")
    unknown = [part for part in parts if part not in _OF_PART]
    if unknown:
        raise InputError(f"{name!r} is no kind of instruction", field="data")
    groups = {_OF_PART[part] for part in parts}
    return "+".join(group for group in _ORDER if group in groups)


def _items(
    name: str, line: int, prompt: tuple[str, rows.Row], answers: tuple[str, rows.Row]
) -> Iterator[Item]:
    place, row = prompt
    questions = _questions(*answers)
    for length in LENGTHS:
        text = rows.value(row, f"{length}_description", str, place)
        yield Item(
            id=f"{name}/{length}_description/{line}",
            prompt=text,
            tags={"file": name, "group": group_of(name), "length": length},
            texts=tuple(smart_quotes(text)) if name == "text" else (),
            questions=questions,
            detail={"line": line},
        )


def _questions(place: str, row: rows.Row) -> tuple[Question, ...]:
    texts = rows.text_list(row, "yn_question_list", place)
    answers = [one.strip().lower() for one in rows.text_list(row, "yn_answer_list", place)]
    if not texts or len(texts) != len(answers) or not set(answers) <= set(_ANSWERS):
        raise InputError(f"{len(texts)} questions, answers {answers}", field=place)
    return tuple(
        Question(number=number, text=text.strip(), expected=answer)
        for number, (text, answer) in enumerate(zip(texts, answers, strict=True), start=1)
    )
