"""OneIG-Bench: prompts of five categories in English and six in Chinese.

The tables name the columns ``category``, ``id`` and ``prompt_en`` or ``prompt_cn``, and some also
``type``, ``prompt_length`` and ``class``. What is compared with the picture depends on the
category: questions, a text, a written answer or a style.

Source: Chang et al. 2025, OneIG-Bench (arXiv 2506.07977).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from glm_image.errors import InputError
from glm_image.evaluation.benchmark import Benchmark, Item, Question
from glm_image.evaluation.data_folder import content
from glm_image.evaluation.loaders import questions, rows

CATEGORIES = {
    "Anime_Stylization": "anime",
    "Portrait": "human",
    "General_Object": "object",
    "Text_Rendering": "text",
    "Knowledge_Reasoning": "reasoning",
    "Multilingualism": "multilingualism",
}
"""Names of the categories in the tables, and the folders that pictures of them lie in."""

_OPTIONAL_TAGS = ("class", "type", "prompt_length")
_EMPTY = ("", "nan", "None")
_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class _Keys:
    """What pictures are compared with, by category and id."""

    texts: Mapping[str, str]
    references: Mapping[str, str]
    styles: Mapping[str, str]
    questions: Mapping[str, Mapping[str, tuple[Question, ...]]] = field(default_factory=dict)


def load(folder: Path, benchmark: Benchmark) -> tuple[Item, ...]:
    """Items with ids such as ``anime/000``: category and the authors' id within it.

    Raises:
        InputError: A file is damaged, or a key file speaks of prompts that are not there.
    """
    column = str(benchmark.options["prompt_column"])
    keys = _keys(folder, benchmark)
    table = benchmark.files[0].path
    data = content(benchmark, folder, table)
    items = tuple(
        _item(row, place, column, keys)
        for place, row in rows.csv_rows(data, table, ("category", "id", column))
    )
    known = {item.id for item in items}
    wanted = {f"text/{id}" for id in keys.texts} | {f"reasoning/{id}" for id in keys.references}
    wanted |= {f"{kind}/{id}" for kind, asked in keys.questions.items() for id in asked}
    if wanted - known:
        raise InputError(f"no prompts for {sorted(wanted - known)[:5]}", field=table)
    return items


def _item(row: rows.Row, place: str, column: str, keys: _Keys) -> Item:
    if row["category"] not in CATEGORIES:
        raise InputError(f"category {row['category']!r}", field=place)
    category = CATEGORIES[row["category"]]
    id = row["id"].strip().zfill(_DIGITS)
    tags = {name: row[name] for name in _OPTIONAL_TAGS if row.get(name, "") not in _EMPTY}
    text = keys.texts.get(id) if category == "text" else None
    style = keys.styles.get(id) if category == "anime" else None
    return Item(
        id=f"{category}/{id}",
        prompt=row[column],
        tags={"category": category, **tags},
        texts=() if text is None else (text,),
        questions=keys.questions.get(category, {}).get(id, ()),
        reference=keys.references.get(id, "") if category == "reasoning" else "",
        detail={} if style is None else {"style": style},
    )


def _keys(folder: Path, benchmark: Benchmark) -> _Keys:
    """Read every file but the table of prompts."""
    texts: dict[str, str] = {}
    references: dict[str, str] = {}
    styles: dict[str, str] = {}
    asked: dict[str, dict[str, tuple[Question, ...]]] = {}
    for file in benchmark.files[1:]:
        data = content(benchmark, folder, file.path)
        path = PurePosixPath(file.path)
        if path.parent.name == "text":
            texts = _column(data, file.path, "text_content")
        elif path.parent.name == "style":
            named = _column(data, file.path, "class").items()
            styles = {
                id: name.lower().replace(" ", "_") for id, name in named if name not in _EMPTY
            }
        elif path.parent.name == "reasoning":
            answers = rows.json_object(data, file.path)
            references = {id: rows.value(answers, id, str, file.path) for id in answers}
        else:
            asked[path.stem.removesuffix("_zh")] = _questions(data, file.path)
    return _Keys(texts=texts, references=references, styles=styles, questions=asked)


def _column(data: bytes, source: str, name: str) -> dict[str, str]:
    """One column of a table by the padded id."""
    found = rows.csv_rows(data, source, ("id", name))
    return {row["id"].strip().zfill(_DIGITS): row[name] for _, row in found}


def _questions(data: bytes, source: str) -> dict[str, tuple[Question, ...]]:
    table = rows.json_object(data, source)
    found = {}
    for id in table:
        place = f"{source}: {id}"
        row = rows.value(table, id, dict, place)
        texts = _nested(row, "question", place)
        above = _nested(row, "dependency", place)
        if texts.keys() != above.keys():
            raise InputError("questions and dependencies have other numbers", field=place)
        asked = [
            _question(number, rows.value(texts, number, str, place), above[number], place)
            for number in texts
        ]
        found[id] = questions.linked(asked, place)
    return found


def _question(number: str, text: str, above: object, place: str) -> Question:
    listed = above if isinstance(above, list) else [above]
    parents = tuple(one for one in listed if isinstance(one, int))
    if not number.isdecimal() or len(parents) != len(listed):
        raise InputError(f"question {number!r} with dependency {above!r}", field=place)
    return Question(number=int(number), text=text, parents=tuple(one for one in parents if one))


def _nested(row: rows.Row, name: str, place: str) -> rows.Row:
    """A mapping that some rows hold as an object and some as the JSON text of one."""
    found = row.get(name)
    if isinstance(found, str):
        return rows.json_object(found, place)
    return rows.value(row, name, dict, place)
